import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";

import { rulesQuery, useSetRule, type DatasetRule } from "@/features/datasets/queries";
import { CHOICES, EMPTY_RULE, formForRule, toRule } from "@/features/datasets/rules/ruleForm";
import type { RuleForm } from "@/features/datasets/rules/ruleForm";
import { ConditionsField } from "@/shared/calls/ConditionsField";
import {
  dailyText,
  FORECAST_DAYS,
  MatchingCalls,
  useMatchingCalls,
} from "@/shared/calls/MatchingCalls";
import { filterOfSelection, SELECTION_DIMENSIONS, selectionOf } from "@/shared/calls/selection";
import { ApiError } from "@/shared/api/client";
import { Form } from "@/shared/forms/Form";
import { useForm, type FormState } from "@/shared/forms/useForm";
import { ChangedNotice } from "@/shared/ui/ChangedNotice";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { ErrorState } from "@/shared/ui/ErrorState";
import { CheckboxField, SelectField, TextField } from "@/shared/ui/Field";
import { Notice } from "@/shared/ui/Notice";
import { SkeletonRows } from "@/shared/ui/Skeleton";

const FROM = "/signed-in/projects/$projectId/datasets/$name/_rule";
const FILTER_HINTS = [
  "All calls of the project.",
  "Rows of one field are alternatives; all fields must match.",
] as const;

/** Adds or edits the rule of a dataset. */
export function RulePage() {
  const { projectId, name } = useParams({ from: FROM });
  // Never refetched while the user edits.
  const once = { refetchInterval: false, refetchOnWindowFocus: false } as const;
  const query = useInfiniteQuery({ ...rulesQuery(projectId, name), ...once });
  const rule = query.data?.pages[0]?.items[0];
  return (
    <DetailPage list={{ to: "/projects/$projectId/datasets", name: "Datasets" }}>
      <DetailHeader title={`Rule of ${name}`} />
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows />}
      {query.data && (
        <RuleEditor key={rule?.revision} rule={rule} onReload={() => void query.refetch()} />
      )}
    </DetailPage>
  );
}

interface RuleEditorProps {
  rule: DatasetRule | undefined;
  onReload: () => void;
}

function RuleEditor({ rule, onReload }: RuleEditorProps) {
  const { projectId, name } = useParams({ from: FROM });
  const navigate = useNavigate();
  const leave = () =>
    void navigate({ to: "/projects/$projectId/datasets/$name", params: { projectId, name } });
  const mutation = useSetRule(name, leave);
  const form = useForm({
    initial: rule ? formForRule(rule) : EMPTY_RULE,
    mutation,
    toInput: (values) => toRule(values, rule),
    params: { interval: "interval_s", delay: "delay_s" },
  });
  const { error, reset } = mutation;
  const reload = () => {
    reset(); // what is loaded may be what the edit began with
    onReload();
  };
  const changed = error instanceof ApiError && error.code === "dataset_rule_changed";
  return (
    <div className="max-w-2xl space-y-3">
      {changed && <ChangedNotice what="rule" detail={error.message} onReload={reload} />}
      <Form
        form={changed ? { ...form, error: null } : form}
        submitLabel="Save rule"
        onCancel={leave}
      >
        <ConditionsField
          title="Calls"
          only={form.values.filter}
          error={form.errorOf("filter")}
          dimensions={SELECTION_DIMENSIONS}
          hints={FILTER_HINTS}
          onChange={(filter) => form.change({ filter })}
        />
        <SelectField label="Of these" {...form.text("calls")}>
          {CHOICES.map(({ value, name }) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Text in input or output"
          maxLength={400}
          placeholder="Any text"
          {...form.text("text")}
        />
        <AmountFields form={form} />
        <CheckboxField
          label="Keep the recorded answer"
          hint="In the metadata, as output."
          {...form.checkbox("keep_output")}
        />
        <Forecast form={form.values} />
      </Form>
    </div>
  );
}

function AmountFields({ form }: { form: FormState<RuleForm> }) {
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <TextField
        label="Share of the traces (%)"
        type="number"
        min={0.0001}
        max={100}
        step="any"
        required
        {...form.text("share")}
      />
      <TextField
        label="Items a day at most"
        type="number"
        min={1}
        max={10000}
        required
        {...form.text("daily_cap")}
      />
      <TextField
        label="Minutes between two versions"
        type="number"
        min={1}
        max={10080}
        step="any"
        required
        {...form.text("interval")}
      />
      <TextField
        label="Minutes that a call waits"
        type="number"
        min={1}
        max={43200}
        step="any"
        required
        hint="So that feedback and corrections can come."
        {...form.text("delay")}
      />
    </div>
  );
}

/** How many items a rule would add. Feedback is not counted by calls. */
function Forecast({ form }: { form: RuleForm }) {
  const { filter, text, calls, share, daily_cap } = form;
  const selected = filterOfSelection(selectionOf(filter), text.trim());
  const failed = calls === "errors" && { errors_only: true };
  const { matching } = useMatchingCalls({ ...selected, ...failed });
  if (calls === "low" || calls === "high" || matching === undefined) return null;
  const daily = Math.min((matching / FORECAST_DAYS) * (Number(share) / 100), Number(daily_cap));
  return (
    <Notice tone="neutral">
      <p aria-label="Forecast" role="note">
        <MatchingCalls matching={matching} what="calls match" />. The rule would add at most{" "}
        <span className="num">{dailyText(daily)}</span> items a day; equal inputs become one item.
      </p>
    </Notice>
  );
}
