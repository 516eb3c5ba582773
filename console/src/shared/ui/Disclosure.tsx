import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

interface DisclosureProps {
  title: string;
  /** Opens the section, for example when a field in it has an error. */
  open?: boolean;
  children: ReactNode;
}

/** A collapsible section for optional fields; closed at first. */
export function Disclosure({ title, open = false, children }: DisclosureProps) {
  return (
    <details className="group" open={open || undefined}>
      <summary className="flex w-fit cursor-pointer list-none items-center gap-1 text-sm font-medium text-ink-2 hover:text-ink">
        <ChevronRight size={14} className="transition-transform group-open:rotate-90" aria-hidden />
        {title}
      </summary>
      <div className="mt-3 flex flex-col gap-3">{children}</div>
    </details>
  );
}
