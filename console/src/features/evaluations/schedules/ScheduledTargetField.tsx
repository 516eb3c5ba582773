import { useQuery } from "@tanstack/react-query";

import type {
  ScheduledTargetKind,
  ScheduleForm,
} from "@/features/evaluations/schedules/scheduleForm";
import { ModelField, ReleaseField } from "@/features/evaluations/TargetField";
import type { FormState } from "@/shared/forms/useForm";
import { promptChoicesQuery } from "@/shared/prompts/queries";
import { useCasesQuery } from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";
import { SelectField, SelectInput, TextField } from "@/shared/ui/Field";

const KINDS: readonly { value: ScheduledTargetKind; name: string }[] = [
  { value: "use_case", name: "The release that answers a use case" },
  { value: "model", name: "A model, with or without a prompt" },
  { value: "triggering", name: "The new release that starts the run" },
  { value: "release", name: "Always the same release" },
  { value: "recorded", name: "Recorded outputs of the dataset" },
];

interface PartProps {
  form: FormState<ScheduleForm>;
}

/** What the runs measure; it is found at each start. */
export function ScheduledTargetField({ form }: PartProps) {
  const { target } = form.values;
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="sr-only">Target</legend>
      <SelectField
        label="Target"
        {...form.text("target")}
        hint={
          target === "triggering"
            ? "For the change “New release” alone, without times."
            : "It is found at each start."
        }
      >
        {KINDS.map(({ value, name }) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </SelectField>
      {target === "use_case" && <UseCaseFields form={form} />}
      {target === "release" && <ReleaseField form={form} />}
      {target === "model" && <ModelFields form={form} />}
      {target === "recorded" && (
        <TextField
          label="Member of the items' metadata that has the outputs"
          {...form.text("output_field")}
          required
        />
      )}
    </fieldset>
  );
}

function UseCaseFields({ form }: PartProps) {
  const useCases = useQuery(useCasesQuery(useProjectId())).data ?? [];
  const { use_case, environment } = form.values;
  const environments = useCases.find(({ name }) => name === use_case)?.environments ?? [];
  return (
    <div className="flex flex-wrap gap-2">
      <SelectInput
        label="Use case"
        value={use_case}
        options={withChosen(useCases, use_case, "Use case …")}
        onChange={(name) => form.change({ use_case: name, environment: "" })}
      />
      {use_case && (
        <SelectInput
          label="Environment"
          value={environment}
          options={withChosen(environments, environment, "Environment …")}
          onChange={(name) => form.change({ environment: name })}
        />
      )}
    </div>
  );
}

function ModelFields({ form }: PartProps) {
  const prompts = useQuery(promptChoicesQuery(useProjectId())).data ?? [];
  const { prompt } = form.values;
  return (
    <>
      <ModelField form={form} />
      <div className="flex flex-wrap gap-2">
        <SelectInput
          label="Prompt"
          value={prompt}
          options={withChosen(prompts, prompt, "Without a prompt")}
          onChange={(name) => form.change({ prompt: name })}
        />
      </div>
      {prompt && (
        <TextField
          label="Version of the prompt"
          {...form.text("prompt_version")}
          placeholder="production"
          hint="A label, a number, or latest. Empty: the label production, or else the latest."
        />
      )}
    </>
  );
}

/** Options for the names of things, the chosen one among them even if it is gone; first none. */
function withChosen(found: readonly { name: string }[], chosen: string, none: string) {
  const names = found.map(({ name }) => name);
  const gone = chosen && !names.includes(chosen) ? [chosen] : [];
  return [{ value: "", name: none }, ...[...gone, ...names].map((name) => ({ value: name, name }))];
}
