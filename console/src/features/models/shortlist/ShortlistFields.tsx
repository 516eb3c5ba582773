import {
  formOf,
  INPUTS,
  NEEDS,
  searchOf,
  type ShortlistForm,
  type ShortlistSearch,
} from "@/features/models/shortlist/form";
import { useForm, type FormState } from "@/shared/forms/useForm";
import { Button } from "@/shared/ui/Button";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { CheckboxField, TextField } from "@/shared/ui/Field";
import { toggled, ToggleGroup } from "@/shared/ui/ToggleGroup";

const PARAMS = {
  max_cost: "required.max_cost",
  latency: "required.max_latency_ms",
  p95: "required.max_latency_p95_ms",
  errors: "required.max_error_rate",
  scores: "required.min_scores",
  context: "required.min_context_tokens",
  output: "required.min_output_tokens",
  regions: "required.regions",
  licences: "required.licences",
  without: "required.excluded_vendors",
  q: "search",
};

interface ShortlistFieldsProps {
  search: ShortlistSearch;
  busy: boolean;
  error: unknown;
  onFind: (search: ShortlistSearch) => void;
}

/** The constraints of a shortlist. Empty ones demand nothing. */
export function ShortlistFields({ search, busy, error, onFind }: ShortlistFieldsProps) {
  const form = useForm<ShortlistForm, ShortlistSearch>({
    initial: formOf(search),
    mutation: { mutate: onFind, isPending: busy, error },
    toInput: searchOf,
    params: PARAMS,
  });
  return (
    <section aria-label="Constraints" className="pb-4">
      <form noValidate className="flex flex-col gap-3" onSubmit={form.submit}>
        <div className="grid gap-x-4 gap-y-2 sm:grid-cols-2 lg:grid-cols-4">
          <CostFields form={form} />
          <QualityFields form={form} />
          <PlaceFields form={form} />
        </div>
        <Choices form={form} name="needs" label="Must have" options={NEEDS} />
        <Choices form={form} name="inputs" label="Must read" options={INPUTS} />
        <Choices form={form} name="prefer" label="Better with" options={NEEDS} />
        <CheckboxField
          label="Exclude what is not known"
          hint="Otherwise such models follow those that certainly fit, with a mark."
          {...form.checkbox("certain")}
        />
        {Boolean(form.error) && <ErrorNotice error={form.error} />}
        <div>
          <Button type="submit" kind="primary" busy={form.busy}>
            Find models
          </Button>
        </div>
      </form>
    </section>
  );
}

type Fields = { form: FormState<ShortlistForm> };

function CostFields({ form }: Fields) {
  return (
    <>
      <TextField
        label="Tokens of a call"
        hint="In and out. Empty: what calls have cost."
        {...form.text("tokens")}
        placeholder="1000/300"
        pattern="\d{1,9}/\d{1,9}"
      />
      <TextField
        label="Cost of a call"
        hint="USD, at most."
        {...form.text("max_cost")}
        type="number"
        min={0}
        step="any"
      />
      <Count form={form} name="context" label="Context" hint="Tokens, at least." />
      <Count form={form} name="output" label="Longest answer" hint="Tokens, at least." />
    </>
  );
}

function QualityFields({ form }: Fields) {
  return (
    <>
      <Count form={form} name="latency" label="Median latency" hint="ms, of your calls, at most." />
      <Count form={form} name="p95" label="Latency p95" hint="ms, of your calls, at most." />
      <TextField
        label="Errors"
        hint="% of your calls, at most."
        {...form.text("errors")}
        type="number"
        min={0}
        max={100}
        step="any"
      />
      <TextField
        label="Scores"
        hint="Least means, such as helpful=0.8."
        {...form.text("scores")}
        pattern="(\s*[^\s,=]+=-?[0-9.]+\s*,?)*"
      />
    </>
  );
}

function PlaceFields({ form }: Fields) {
  return (
    <>
      <TextField label="Regions" hint="One is enough: eu, us." {...form.text("regions")} />
      <TextField label="Licences" hint="One is enough." {...form.text("licences")} />
      <TextField label="Without vendors" hint="Neither maker nor host." {...form.text("without")} />
      <TextField label="Name" hint="A part of the model's id." {...form.text("q")} />
    </>
  );
}

interface CountProps extends Fields {
  name: "context" | "output" | "latency" | "p95";
  label: string;
  hint: string;
}

function Count({ form, name, label, hint }: CountProps) {
  return (
    <TextField label={label} hint={hint} {...form.text(name)} type="number" min={1} step="any" />
  );
}

interface ChoicesProps extends Fields {
  name: "needs" | "inputs" | "prefer";
  label: string;
  options: readonly { value: string; name: string }[];
}

function Choices({ form, name, label, options }: ChoicesProps) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <span className="w-20 text-sm font-medium">{label}</span>
      <ToggleGroup
        label={label}
        options={options}
        selected={form.values[name]}
        onToggle={(value) => form.change({ [name]: toggled(form.values[name], value) })}
      />
    </div>
  );
}
