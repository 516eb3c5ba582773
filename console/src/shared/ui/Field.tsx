import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from "react";

import { cx } from "@/shared/ui/classes";

export const INPUT_CLASSES = cx(
  "h-8 w-full rounded-md border border-line-strong bg-canvas px-2.5 text-sm text-ink",
  "placeholder:text-ink-3 disabled:opacity-60 aria-invalid:border-danger",
);

interface FieldLayoutProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

type FieldProps = FieldLayoutProps & InputHTMLAttributes<HTMLInputElement>;

/** A labelled input with a hint or error below it. */
export function Field({ label, hint, error, className, ...rest }: FieldProps) {
  const id = useId();
  return (
    <FieldLayout id={id} label={label} hint={hint} error={error}>
      <input
        id={id}
        aria-invalid={Boolean(error)}
        aria-describedby={`${id}-hint`}
        className={cx(INPUT_CLASSES, className)}
        {...rest}
      />
    </FieldLayout>
  );
}

type SelectFieldProps = FieldLayoutProps & SelectHTMLAttributes<HTMLSelectElement>;

/** A labelled select; children are `<option>`s. */
export function SelectField({ label, hint, error, className, ...rest }: SelectFieldProps) {
  const id = useId();
  return (
    <FieldLayout id={id} label={label} hint={hint} error={error}>
      <select
        id={id}
        aria-invalid={Boolean(error)}
        aria-describedby={`${id}-hint`}
        className={cx(INPUT_CLASSES, className)}
        {...rest}
      />
    </FieldLayout>
  );
}

function FieldLayout({
  id,
  label,
  hint,
  error,
  children,
}: FieldLayoutProps & { id: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium text-ink">
        {label}
      </label>
      {children}
      <p id={`${id}-hint`} className={cx("text-xs", error ? "text-danger" : "text-ink-3")}>
        {error ?? hint}
      </p>
    </div>
  );
}
