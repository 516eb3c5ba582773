import type { ReactNode } from "react";

/** A long text with its name: an input, an output, what is expected. */
export function TextBox({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <div className="mb-1 text-xs text-ink-3">{name}</div>
      <div className="thin-scroll max-h-80 overflow-y-auto rounded-md border border-line bg-sunken px-3 py-2 text-sm leading-5 break-words whitespace-pre-wrap">
        {children}
      </div>
    </div>
  );
}

/** An output, or what stands for it: calls of tools, an error, nothing. */
export function NoText({ children }: { children: ReactNode }) {
  return <span className="text-ink-3">{children}</span>;
}
