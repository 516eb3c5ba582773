import { ConditionsField } from "@/shared/calls/ConditionsField";
import type { LimitForm } from "@/features/limits/limitForm";
import { CALENDAR, MEASURES, WINDOWS, type Measure } from "@/features/limits/measures";
import { PerField } from "@/features/limits/PerField";
import type { FormState } from "@/shared/forms/useForm";
import { Disclosure } from "@/shared/ui/Disclosure";
import { SelectField, TextField } from "@/shared/ui/Field";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone")];

interface LimitFieldsProps {
  form: FormState<LimitForm>;
  /** Whether what and when it counts can be set. */
  isNew?: boolean;
}

export function LimitFields({ form, isNew = false }: LimitFieldsProps) {
  return (
    <>
      <TextField
        label="Name"
        {...form.text("name")}
        placeholder="search team"
        hint="Callers read it in errors."
        required
        maxLength={80}
        autoFocus
        autoComplete="off"
      />
      <div className="grid gap-3 sm:grid-cols-2">
        {isNew && <MeasureField form={form} />}
        <AmountField form={form} />
        {isNew && form.values.measure !== "concurrency" && <WindowFields form={form} />}
      </div>
      <ConditionsField
        title="Calls that it counts"
        only={form.values.only}
        error={form.errorOf("only")}
        onChange={(only) => form.change({ only })}
      />
      {isNew && <PerField form={form} />}
      <Disclosure
        title="More (optional)"
        open={form.hasError("unpriced", "unavailable", "over", "per_tags")}
      >
        {isNew && (
          <TextField
            label="Tags to count on their own"
            {...form.text("per_tags")}
            placeholder="plan, region"
          />
        )}
        <div className="grid gap-3 sm:grid-cols-2">
          {form.values.measure === "spend" && (
            <PolicyField form={form} name="unpriced" label="Models without a price" />
          )}
          <PolicyField form={form} name="unavailable" label="While counters are unavailable" />
          {(form.values.measure === "spend" || form.values.measure === "tokens") && (
            <SelectField label="Streams that pass it" {...form.text("over")}>
              <option value="admit">Go on; the excess counts</option>
              <option value="cut">Are cut with an error</option>
            </SelectField>
          )}
        </div>
      </Disclosure>
    </>
  );
}

function MeasureField({ form }: { form: FormState<LimitForm> }) {
  const { value } = form.text("measure");
  return (
    <SelectField
      label="Measure"
      {...form.text("measure")}
      onChange={(event) => form.change({ measure: event.target.value as Measure })}
      hint={MEASURES.find((one) => one.value === value)?.sentence}
    >
      {MEASURES.map(({ value, name }) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </SelectField>
  );
}

function AmountField({ form }: { form: FormState<LimitForm> }) {
  const isSpend = form.values.measure === "spend";
  return (
    <TextField
      label={isSpend ? "Amount in USD" : "Amount"}
      {...form.text("amount")}
      type="number"
      min={isSpend ? 0 : 1}
      step={isSpend ? "any" : 1}
      required
      inputMode="decimal"
      className="num"
      placeholder={isSpend ? "500" : "1000"}
    />
  );
}

function WindowFields({ form }: { form: FormState<LimitForm> }) {
  const isCalendar = CALENDAR.some((unit) => unit === form.values.window);
  const refills = form.values.measure !== "spend" && !isCalendar;
  return (
    <>
      <SelectField
        label="Window"
        {...form.text("window")}
        hint={refills ? "A rate: it refills steadily." : "From one date to the next."}
      >
        {WINDOWS.map((unit) => (
          <option key={unit} value={unit}>
            {unit}
          </option>
        ))}
      </SelectField>
      {isCalendar && (
        <>
          <TextField
            label="Time zone"
            {...form.text("time_zone")}
            list="time-zones"
            required
            hint="Where days, weeks and months begin."
          />
          <datalist id="time-zones">
            {ZONES.map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </>
      )}
    </>
  );
}

interface PolicyFieldProps {
  form: FormState<LimitForm>;
  name: "unpriced" | "unavailable";
  label: string;
}

function PolicyField({ form, name, label }: PolicyFieldProps) {
  return (
    <SelectField label={label} {...form.text(name)}>
      <option value="reject">Reject the call</option>
      <option value="admit">Admit the call</option>
    </SelectField>
  );
}
