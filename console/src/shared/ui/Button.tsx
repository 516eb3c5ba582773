import type { ButtonHTMLAttributes } from "react";

import { cx } from "@/shared/ui/classes";

type Kind = "primary" | "plain" | "quiet" | "danger";

const KIND_CLASSES: Record<Kind, string> = {
  primary: "bg-accent text-accent-ink hover:opacity-90 border-transparent",
  plain: "bg-raised text-ink border-line-strong hover:bg-hover",
  quiet: "text-ink-2 border-transparent hover:bg-hover hover:text-ink",
  danger: "bg-raised text-danger border-line-strong hover:bg-danger-soft",
};

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { kind?: Kind; busy?: boolean };

/** A button; `busy` disables it while its action runs. */
export function Button({
  kind = "plain",
  busy = false,
  className,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      aria-busy={busy}
      disabled={disabled === true || busy}
      className={cx(
        "inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md border px-3",
        "text-sm font-medium whitespace-nowrap disabled:cursor-not-allowed disabled:opacity-50",
        KIND_CLASSES[kind],
        className,
      )}
      {...rest}
    />
  );
}

type IconButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { label: string };

/** A square button with an icon; `label` is its accessible name and tooltip. */
export function IconButton({ label, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={cx(
        "inline-flex size-7 shrink-0 items-center justify-center rounded-md text-ink-3",
        "hover:bg-hover hover:text-ink disabled:opacity-40",
        className,
      )}
      {...rest}
    />
  );
}

/** A button that looks like a link in a text. */
export function TextButton({ className, ...rest }: ButtonHTMLAttributes<HTMLButtonElement>) {
  return (
    <button
      type="button"
      className={cx("hover:text-accent hover:underline disabled:opacity-50", className)}
      {...rest}
    />
  );
}
