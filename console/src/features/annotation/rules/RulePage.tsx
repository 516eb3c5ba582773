import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";

import {
  queueRuleQuery,
  useSetQueueRule,
  type QueueRule,
} from "@/features/annotation/rules/queries";
import { ChoiceFields } from "@/features/annotation/rules/ChoiceFields";
import { SourceFields } from "@/features/annotation/rules/SourceFields";
import { EMPTY_RULE, formForRule, isMeasured, toRule } from "@/features/annotation/rules/ruleForm";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { TextField } from "@/shared/ui/Field";
import { Notice } from "@/shared/ui/Notice";
import { QueryContent } from "@/shared/ui/QueryContent";

const FROM = "/signed-in/projects/$projectId/annotation/$name/_rule";

/** Adds or edits the rule of a queue. */
export function RulePage() {
  const { projectId, name } = useParams({ from: FROM });
  // Never refetched while the user edits.
  const once = { refetchInterval: false, refetchOnWindowFocus: false } as const;
  const query = useQuery({ ...queueRuleQuery(projectId, name), ...once });
  return (
    <DetailPage list={{ to: "/projects/$projectId/annotation", name: "Annotation" }}>
      <DetailHeader title={`Rule of ${name}`} />
      <QueryContent query={query}>{(rule) => <RuleEditor rule={rule} />}</QueryContent>
    </DetailPage>
  );
}

function RuleEditor({ rule }: { rule: QueueRule | null }) {
  const { projectId, name } = useParams({ from: FROM });
  const navigate = useNavigate();
  const leave = () =>
    void navigate({ to: "/projects/$projectId/annotation/$name", params: { projectId, name } });
  const form = useForm({
    initial: rule ? formForRule(rule) : EMPTY_RULE,
    mutation: useSetQueueRule(name, leave),
    toInput: toRule,
    params: { source: "rule.dataset" },
  });
  return (
    <div className="max-w-2xl">
      <Form form={form} submitLabel="Save rule" onCancel={leave}>
        <SourceFields form={form} queue={name} />
        {isMeasured(form.values.follows) && <ChoiceFields form={form} />}
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label="Share (%)"
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
        </div>
        {rule && (
          <Notice tone="neutral">
            A saved rule runs, even if it was paused. It goes on from where it was, unless it takes
            something else now. Items that the queue has are not added twice.
          </Notice>
        )}
      </Form>
    </div>
  );
}
