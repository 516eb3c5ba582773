import { type Quirk, type Quirks, quirksOf } from "@/features/providers/quirks";
import { Disclosure } from "@/shared/ui/Disclosure";
import { SelectField, TextField } from "@/shared/ui/Field";
import { Notice } from "@/shared/ui/Notice";

const MAX_CHARS = 200; // of a value, as the server has it

interface QuirkFieldsProps {
  kind: string;
  quirks: Quirks;
  error: string | undefined;
  onChange: (quirks: Quirks) => void;
}

/** How the server differs from the API of its kind. */
export function QuirkFields({ kind, quirks, error, onChange }: QuirkFieldsProps) {
  return (
    <Disclosure title="Quirks" open={error !== undefined}>
      <p className="text-xs text-ink-3">
        Settings for servers that differ from the API that they have.
      </p>
      {error && <Notice tone="danger">{error}</Notice>}
      <div className="grid items-start gap-3 sm:grid-cols-2">
        {quirksOf(kind).map((quirk) => (
          <QuirkField
            key={quirk.name}
            quirk={quirk}
            value={quirks[quirk.name] ?? ""}
            onChange={(value) => onChange({ ...quirks, [quirk.name]: value })}
          />
        ))}
      </div>
    </Disclosure>
  );
}

interface QuirkFieldProps {
  quirk: Quirk;
  value: string;
  onChange: (value: string) => void;
}

function QuirkField({ quirk, value, onChange }: QuirkFieldProps) {
  const { name, label, hint, values, example } = quirk;
  if (!values) {
    return (
      <TextField
        label={label}
        name={name}
        hint={hint}
        value={value}
        placeholder={example}
        maxLength={MAX_CHARS}
        autoComplete="off"
        spellCheck={false}
        className="font-mono text-xs"
        onChange={({ target }) => onChange(target.value)}
      />
    );
  }
  const isOther = value !== "" && values.every(([known]) => known !== value);
  return (
    <SelectField
      label={label}
      name={name}
      hint={hint}
      value={value}
      onChange={({ target }) => onChange(target.value)}
    >
      <option value="">Default</option>
      {values.map(([known, text]) => (
        <option key={known} value={known}>
          {text}
        </option>
      ))}
      {isOther && <option value={value}>{value}</option>}
    </SelectField>
  );
}
