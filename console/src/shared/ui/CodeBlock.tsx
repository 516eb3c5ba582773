import { CopyButton } from "@/shared/ui/Copyable";

/** A block of code or text with a copy button. */
export function CodeBlock({ code, label }: { code: string; label: string }) {
  return (
    <div className="group relative rounded-md border border-line bg-sunken">
      <pre
        aria-label={label}
        tabIndex={0}
        className="thin-scroll overflow-x-auto p-3 pr-10 font-mono text-xs leading-5"
      >
        {code}
      </pre>
      <div className="absolute top-1.5 right-1.5 rounded-md bg-sunken">
        <CopyButton value={code} label={label} />
      </div>
    </div>
  );
}
