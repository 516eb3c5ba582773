import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from "react";

import { cx } from "@/shared/ui/classes";

export const CONTROL = cx(
  "h-8 w-full rounded-md border border-line-strong bg-canvas px-2.5 text-sm text-ink",
  "placeholder:text-ink-3 disabled:opacity-60 aria-invalid:border-danger",
);

interface FrameProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

type FieldProps = FrameProps & InputHTMLAttributes<HTMLInputElement>;

/** A labelled input with a hint below it, or what is wrong with it. */
export function Field({ label, hint, error, className, ...rest }: FieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <input
        id={id}
        aria-invalid={Boolean(error)}
        aria-describedby={`${id}-note`}
        className={cx(CONTROL, className)}
        {...rest}
      />
    </Frame>
  );
}

type SelectFieldProps = FrameProps & SelectHTMLAttributes<HTMLSelectElement>;

/** A labelled choice of few; children are `<option>`s. */
export function SelectField({ label, hint, error, className, ...rest }: SelectFieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <select
        id={id}
        aria-invalid={Boolean(error)}
        aria-describedby={`${id}-note`}
        className={cx(CONTROL, className)}
        {...rest}
      />
    </Frame>
  );
}

function Frame({
  id,
  label,
  hint,
  error,
  children,
}: FrameProps & { id: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium text-ink">
        {label}
      </label>
      {children}
      <p id={`${id}-note`} className={cx("text-xs", error ? "text-danger" : "text-ink-3")}>
        {error ?? hint}
      </p>
    </div>
  );
}
