import {
  optionKind,
  withoutNull,
  type Entered,
  type OptionsSchema,
  type PropertySchema,
} from "@/shared/forms/schema";
import { CheckboxField, SelectField, TextAreaField, TextField } from "@/shared/ui/Field";
import { toggled, ToggleGroup } from "@/shared/ui/ToggleGroup";

interface SchemaFieldsProps {
  schema: OptionsSchema;
  entered: Entered;
  onChange: (entered: Entered) => void;
  /** Names that suggest nothing by themselves, such as those of models. */
  prefix: string;
}

/** The fields of a JSON schema of options. */
export function SchemaFields({ schema, entered, onChange, prefix }: SchemaFieldsProps) {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).map(([name, property]) => (
    <OptionField
      key={name}
      name={name}
      id={`${prefix}.${name}`}
      property={property}
      required={required.includes(name)}
      value={entered[name] ?? ""}
      onChange={(value) => onChange({ ...entered, [name]: value })}
    />
  ));
}

interface OptionFieldProps {
  name: string;
  /** The name of the control. */
  id: string;
  property: PropertySchema;
  required: boolean;
  value: string | boolean | readonly string[];
  onChange: (value: string | boolean | readonly string[]) => void;
}

function OptionField(props: OptionFieldProps) {
  const { name, property, value, onChange } = props;
  const kind = optionKind(property);
  const label = name.replaceAll("_", " ");
  if (kind === "check") {
    return <CheckboxField label={label} checked={value === true} onChange={onChange} />;
  }
  if (kind === "choices") {
    const items = withoutNull(property).items;
    const choices = typeof items === "object" ? (items.enum ?? []).map(String) : [];
    const selected = Array.isArray(value) ? value.map(String) : [];
    return (
      <div className="flex flex-col gap-1">
        <span className="text-sm font-medium">{label}</span>
        <ToggleGroup
          label={label}
          options={choices.map((each) => ({ value: each, name: each }))}
          selected={selected}
          onToggle={(each) => onChange(toggled(selected, each))}
        />
      </div>
    );
  }
  return <TextOption {...props} label={label} />;
}

function TextOption(props: OptionFieldProps & { label: string }) {
  const { id, label, property, required, value, onChange } = props;
  const kind = optionKind(property);
  const plain = withoutNull(property);
  const control = {
    label,
    name: id,
    required,
    value: typeof value === "string" ? value : "",
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  if (kind === "choice") {
    return (
      <SelectField {...control}>
        {plain.enum?.map(String).map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </SelectField>
    );
  }
  if (kind === "number") {
    const step = plain.type === "integer" ? 1 : "any";
    return (
      <TextField {...control} type="number" min={plain.minimum} max={plain.maximum} step={step} />
    );
  }
  if (kind === "lines") return <TextAreaField {...control} hint="One on each line." />;
  if (kind === "json") return <TextAreaField {...control} hint="JSON." spellCheck={false} />;
  const isLong = (plain.maxLength ?? 0) > 2000;
  return isLong ? <TextAreaField {...control} /> : <TextField {...control} />;
}
