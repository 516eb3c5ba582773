import { useId, type ReactNode, type TextareaHTMLAttributes } from "react";

import { cx } from "@/shared/ui/classes";

interface TextAreaFieldProps extends TextareaHTMLAttributes<HTMLTextAreaElement> {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

/** A labelled multi-line input. */
export function TextAreaField({ label, hint, error, className, ...rest }: TextAreaFieldProps) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium text-ink">
        {label}
      </label>
      <textarea
        id={id}
        rows={3}
        aria-invalid={Boolean(error)}
        aria-describedby={`${id}-hint`}
        className={cx(
          "w-full resize-y rounded-md border border-line-strong bg-canvas px-2.5 py-1.5",
          "font-mono text-xs leading-5 text-ink placeholder:text-ink-3 aria-invalid:border-danger",
          className,
        )}
        {...rest}
      />
      <p id={`${id}-hint`} className={cx("text-xs", error ? "text-danger" : "text-ink-3")}>
        {error ?? hint}
      </p>
    </div>
  );
}
