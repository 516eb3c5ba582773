import type { AnchorHTMLAttributes } from "react";

import { cx } from "@/shared/ui/classes";

/** The look of a button, for links within the console. */
export const LINK_BUTTON_CLASSES = cx(
  "inline-flex h-8 shrink-0 items-center gap-1.5 rounded-md border border-line-strong",
  "bg-raised px-3 text-sm font-medium whitespace-nowrap hover:bg-hover",
);

/** The look of the main button of a page, for links within the console. */
export const PRIMARY_LINK_CLASSES = cx(
  "inline-flex h-8 shrink-0 items-center gap-1.5 rounded-md bg-accent px-3",
  "text-sm font-medium whitespace-nowrap text-accent-ink hover:opacity-90",
);

/** A link that looks like a button, such as a download. */
export function LinkButton({ className, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement>) {
  return <a className={cx(LINK_BUTTON_CLASSES, className)} {...rest} />;
}
