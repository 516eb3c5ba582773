import { useQuery } from "@tanstack/react-query";

import { queuesQuery } from "@/features/annotation/queries";
import { onlineChoicesQuery } from "@/features/annotation/rules/queries";
import { FOLLOWED, type Follows, type QueueRuleForm } from "@/features/annotation/rules/ruleForm";
import type { FormState } from "@/shared/forms/useForm";
import { datasetChoicesQuery, splitChoicesQuery } from "@/shared/datasets/queries";
import { useProjectId } from "@/shared/session";
import { SelectField } from "@/shared/ui/Field";

const LABELS: Record<Follows, string> = {
  dataset: "Dataset",
  runs: "Dataset",
  queue: "Other queue",
  online: "Online evaluation",
};
const BEGINS: Record<Follows, string> = {
  dataset: "Begins with its first item. An item has its recorded answer in metadata.output.",
  runs: "Begins with the runs that end from now on.",
  queue: "Begins with the first item on which they differ.",
  online:
    "Begins with what is measured from now on. Calls over the cap of a day are not added later.",
};

interface SourceFieldsProps {
  form: FormState<QueueRuleForm>;
  queue: string;
}

/** What the rule of a queue follows. */
export function SourceFields({ form, queue }: SourceFieldsProps) {
  const { follows, source } = form.values;
  const names = useSources(follows, queue);
  return (
    <>
      <SelectField
        label="Follows"
        {...form.text("follows")}
        onChange={({ target }) => {
          const chosen = FOLLOWED.find(({ value }) => value === target.value)?.value;
          form.change({ follows: chosen ?? "dataset", source: "", split: "" });
        }}
      >
        {FOLLOWED.map(({ value, name }) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={LABELS[follows]}
        required
        hint={BEGINS[follows]}
        {...form.text("source")}
        onChange={({ target }) => form.change({ source: target.value, split: "" })}
      >
        <option value="">Choose …</option>
        {withChosen(names, source).map((name) => (
          <option key={name}>{name}</option>
        ))}
      </SelectField>
      {follows === "dataset" && <SplitField form={form} />}
    </>
  );
}

function SplitField({ form }: Pick<SourceFieldsProps, "form">) {
  const { source, split } = form.values;
  const found = useQuery(splitChoicesQuery(useProjectId(), source, "")).data ?? [];
  const names = withChosen(found.map((each) => each.name).filter(Boolean), split);
  if (names.length === 0) return null;
  return (
    <SelectField label="Split" {...form.text("split")}>
      <option value="">All splits</option>
      {names.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </SelectField>
  );
}

/** The names of what can be followed. */
function useSources(follows: Follows, queue: string): string[] {
  const projectId = useProjectId();
  const isDataset = follows === "dataset" || follows === "runs";
  const datasets = useQuery({ ...datasetChoicesQuery(projectId), enabled: isDataset }).data;
  const queues = useQuery({ ...queuesQuery(projectId), enabled: follows === "queue" }).data?.items;
  const online = useQuery({ ...onlineChoicesQuery(projectId), enabled: follows === "online" }).data;
  const found = isDataset ? datasets : follows === "queue" ? queues : online;
  return (found ?? [])
    .map(({ name }) => name)
    .filter((name) => follows !== "queue" || name !== queue);
}

/** The names, the chosen one among them even if it is gone. */
function withChosen(names: readonly string[], chosen: string): string[] {
  return chosen && !names.includes(chosen) ? [chosen, ...names] : [...names];
}
