import type { ReactNode } from "react";

import { cx } from "@/shared/ui/classes";

/** The settings of one thing in one row. */
export function Facts({ label, children }: { label?: string; children: ReactNode }) {
  return (
    <dl aria-label={label} className="flex flex-wrap gap-x-10 gap-y-3 border-y border-line py-3">
      {children}
    </dl>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="text-sm font-medium">{children}</dd>
    </div>
  );
}

interface FigureProps {
  name: string;
  className?: string | undefined;
  children: ReactNode;
}

/** A number with its name. Put several into a `<dl>`. */
export function Figure({ name, className, children }: FigureProps) {
  return (
    <div>
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className={cx("num text-base font-medium", className)}>{children}</dd>
    </div>
  );
}
