import { useQuery } from "@tanstack/react-query";

import { onlineChoicesQuery } from "@/features/annotation/rules/queries";
import { CHOICES, type QueueRuleForm } from "@/features/annotation/rules/ruleForm";
import type { FormState } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { SelectField, TextField } from "@/shared/ui/Field";

/** Which of the measured results or calls come into the queue. */
export function ChoiceFields({ form }: { form: FormState<QueueRuleForm> }) {
  const { follows, choose } = form.values;
  const known = useMetrics(form.values);
  return (
    <>
      <SelectField label={follows === "runs" ? "Results" : "Calls"} {...form.text("choose")}>
        {CHOICES.map(({ value, name }) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </SelectField>
      {choose !== "all" && (
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label="Metrics"
            required
            hint={["Separated by commas.", known].filter(Boolean).join(" ")}
            {...form.text("metrics")}
          />
          <TextField
            label="Low is at most"
            type="number"
            step="any"
            required
            hint="At least, where less is better. False is low, too."
            {...form.text("at_most")}
          />
        </div>
      )}
      <TextField
        label="Suggest labels of"
        hint={["A metric whose values annotators see as suggestions.", known]
          .filter(Boolean)
          .join(" ")}
        {...form.text("suggest")}
      />
    </>
  );
}

/** The metrics of the online evaluation, as a hint. */
function useMetrics({ follows, source }: QueueRuleForm): string {
  const enabled = follows === "online";
  const found = useQuery({ ...onlineChoicesQuery(useProjectId()), enabled }).data;
  const evaluators = found?.find(({ name }) => name === source)?.evaluators ?? [];
  if (!enabled || evaluators.length === 0) return "";
  return `It has: ${evaluators.map(({ name }) => name).join(", ")}.`;
}
