import type { ReactNode } from "react";

import { cx } from "@/shared/ui/classes";

/** Hide a column in windows that are too narrow for it. */
export const FROM_MD = "max-md:hidden";
export const FROM_LG = "max-lg:hidden";

/** A plain table. Long lists are virtual instead. */
export function Table({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="thin-scroll overflow-x-auto">
      <table aria-label={label} className="w-full border-collapse text-sm">
        {children}
      </table>
    </div>
  );
}

export function TableHead({ children }: { children: ReactNode }) {
  return (
    <thead className="border-b border-line text-left text-xs text-ink-3">
      <tr>{children}</tr>
    </thead>
  );
}

interface CellProps {
  children?: ReactNode;
  /** Aligns numbers to the right. */
  numeric?: boolean;
  className?: string;
}

export function HeadCell({ children, numeric = false, className }: CellProps) {
  return (
    <th
      scope="col"
      className={cx(
        "h-8 px-3 font-medium whitespace-nowrap first:pl-0 last:pr-0",
        numeric && "text-right",
        className,
      )}
    >
      {children}
    </th>
  );
}

export function Row({ children, className }: { children: ReactNode; className?: string }) {
  return <tr className={cx("border-b border-line hover:bg-hover", className)}>{children}</tr>;
}

/** The content below a row. It takes the width of the table and never widens it. */
export function RowDetails({ children }: { children: ReactNode }) {
  return <div className="w-0 min-w-full">{children}</div>;
}

export function Cell({ children, numeric = false, className }: CellProps) {
  return (
    <td className={cx("h-10 px-3 first:pl-0 last:pr-0", numeric && "num text-right", className)}>
      {children}
    </td>
  );
}
