/** A key of the keyboard. */
export function Key({ name }: { name: string }) {
  return (
    <kbd className="grid h-5 min-w-5 place-items-center rounded-sm border border-line-strong bg-sunken px-1 font-sans text-xs text-ink-2">
      {name}
    </kbd>
  );
}
