import type { AnchorHTMLAttributes } from "react";

import { cx } from "@/shared/ui/classes";

/** A link that looks like a button, such as a download. */
export function LinkButton({ className, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement>) {
  return (
    <a
      className={cx(
        "inline-flex h-8 shrink-0 items-center gap-1.5 rounded-md border border-line-strong",
        "bg-raised px-3 text-sm font-medium whitespace-nowrap hover:bg-hover",
        className,
      )}
      {...rest}
    />
  );
}
