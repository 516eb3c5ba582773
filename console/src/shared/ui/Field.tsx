import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from "react";

import { cx } from "@/shared/ui/classes";

const BOX_CLASSES = cx(
  "w-full rounded-md border border-line-strong bg-canvas px-2.5 text-ink",
  "placeholder:text-ink-3 disabled:opacity-60 aria-invalid:border-danger",
);
export const INPUT_CLASSES = cx("h-8 text-sm", BOX_CLASSES);

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
}

/** A labelled input. */
export function TextField({
  label,
  hint,
  error,
  className,
  ...rest
}: FieldProps & InputHTMLAttributes<HTMLInputElement>) {
  const control = useControl(error);
  return (
    <FieldLayout id={control.id} label={label} hint={hint} error={error}>
      <input {...control} className={cx(INPUT_CLASSES, className)} {...rest} />
    </FieldLayout>
  );
}

/** A labelled select; children are `<option>`s. */
export function SelectField({
  label,
  hint,
  error,
  ...rest
}: FieldProps & SelectHTMLAttributes<HTMLSelectElement>) {
  const control = useControl(error);
  return (
    <FieldLayout id={control.id} label={label} hint={hint} error={error}>
      <select {...control} className={INPUT_CLASSES} {...rest} />
    </FieldLayout>
  );
}

interface SelectInputProps {
  label: string;
  value: string;
  options: readonly { value: string; name: string }[];
  onChange: (value: string) => void;
}

/** A select outside of forms; `label` is its accessible name. */
export function SelectInput({ label, value, options, onChange }: SelectInputProps) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className={cx(INPUT_CLASSES, "w-auto max-w-72")}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.name}
        </option>
      ))}
    </select>
  );
}

/** A labelled multi-line input. */
export function TextAreaField({
  label,
  hint,
  error,
  ...rest
}: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const control = useControl(error);
  return (
    <FieldLayout id={control.id} label={label} hint={hint} error={error}>
      <textarea
        {...control}
        rows={3}
        className={cx("resize-y py-1.5 font-mono text-xs leading-5", BOX_CLASSES)}
        {...rest}
      />
    </FieldLayout>
  );
}

interface CheckboxFieldProps extends FieldProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}

/** A labelled checkbox. */
export function CheckboxField(props: CheckboxFieldProps) {
  const { label, hint, error, checked, onChange, disabled = false } = props;
  const control = useControl(error);
  return (
    <div className="flex items-start gap-2">
      <input
        {...control}
        type="checkbox"
        className="mt-0.5 size-4 shrink-0 accent-[var(--accent)]"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div>
        <label htmlFor={control.id} className="text-sm font-medium text-ink">
          {label}
        </label>
        <FieldNote id={control.id} hint={hint} error={error} />
      </div>
    </div>
  );
}

/** The id of a control and what connects it to its hint or error. */
function useControl(error: string | undefined) {
  const id = useId();
  return { id, "aria-invalid": Boolean(error), "aria-describedby": `${id}-hint` };
}

function FieldLayout({
  id,
  label,
  hint,
  error,
  children,
}: FieldProps & { id: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium text-ink">
        {label}
      </label>
      {children}
      <FieldNote id={id} hint={hint} error={error} />
    </div>
  );
}

function FieldNote({ id, hint, error }: Omit<FieldProps, "label"> & { id: string }) {
  return (
    <p id={`${id}-hint`} className={cx("text-xs", error ? "text-danger" : "text-ink-3")}>
      {error ?? hint}
    </p>
  );
}
