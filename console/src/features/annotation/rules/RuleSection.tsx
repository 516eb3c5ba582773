import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import {
  queueRuleQuery,
  usePauseQueueRule,
  useRemoveQueueRule,
  type QueueRule,
} from "@/features/annotation/rules/queries";
import { ruleText } from "@/features/annotation/rules/ruleForm";
import { formatCount, formatShare } from "@/shared/format/number";
import { useMay, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Fact, Facts } from "@/shared/ui/Facts";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Notice } from "@/shared/ui/Notice";
import { RuleState } from "@/shared/ui/RuleState";
import { RelativeTime } from "@/shared/ui/Values";

/** The rule that fills a queue, and what it has done. */
export function RuleSection({ name }: { name: string }) {
  const params = { projectId: useProjectId(), name };
  const { data: rule, error } = useQuery(queueRuleQuery(params.projectId, name));
  const mayManage = useMay()("annotations:manage");
  return (
    <section aria-label="Rule" className="pt-6">
      <div className="flex flex-wrap items-center gap-2 pb-2">
        <h2 className="text-sm font-medium">Rule</h2>
        {rule && <RuleState rule={rule} paused={rule.paused} />}
        {mayManage && rule !== undefined && (
          <div className="ml-auto flex gap-2">
            <Link
              to="/projects/$projectId/annotation/$name/_rule"
              params={params}
              className={LINK_BUTTON_CLASSES}
            >
              {rule ? "Edit rule" : "Add a rule"}
            </Link>
            {rule && <RuleActions name={name} rule={rule} />}
          </div>
        )}
      </div>
      {error && <ErrorNotice error={error} />}
      {rule && <RuleFacts rule={rule} />}
      {rule === null && (
        <p className="text-sm text-ink-3">
          A rule fills the queue again and again, for example with calls of live traffic that an
          online evaluation finds bad.
        </p>
      )}
    </section>
  );
}

function RuleActions({ name, rule: { paused } }: { name: string; rule: QueueRule }) {
  const pause = usePauseQueueRule(name);
  const [removing, setRemoving] = useState(false);
  const remove = useRemoveQueueRule(name, () => setRemoving(false));
  return (
    <>
      <Button busy={pause.isPending} onClick={() => pause.mutate(!paused)}>
        {paused ? "Resume" : "Pause"}
      </Button>
      <Button onClick={() => setRemoving(true)}>Remove</Button>
      {removing && (
        <ConfirmDialog
          title="Remove the rule?"
          confirm="Remove rule"
          mutation={remove}
          input={null}
          onClose={() => setRemoving(false)}
        >
          No more items are added. Those that it has added stay.
        </ConfirmDialog>
      )}
    </>
  );
}

function RuleFacts({ rule }: { rule: QueueRule }) {
  return (
    <>
      <p className="pb-3 text-sm break-words text-ink-2">
        Adds {ruleText(rule)}.
        {rule.suggest && ` Values of ${rule.suggest} are suggested as labels.`}
      </p>
      <Facts label="About the rule">
        <Fact name="Share">{formatShare(rule.share)}</Fact>
        <Fact name="Added">{formatCount(rule.added)}</Fact>
        <Fact name="Today">
          {formatCount(rule.added_today)}
          <span className="font-normal text-ink-3"> of at most {formatCount(rule.daily_cap)}</span>
        </Fact>
        <Fact name="Last time">
          {rule.last_run_at ? <RelativeTime at={rule.last_run_at} /> : "not yet"}
        </Fact>
      </Facts>
      {rule.error && (
        <div className="pt-2">
          <Notice tone="danger">{rule.error}</Notice>
        </div>
      )}
    </>
  );
}
