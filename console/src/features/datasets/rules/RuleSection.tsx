import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import {
  rulesQuery,
  useRemoveRule,
  useSwitchRule,
  type DatasetRule,
} from "@/features/datasets/queries";
import { ruleText } from "@/features/datasets/rules/ruleForm";
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

/** The rule that adds recorded calls to a dataset, and what it has done. */
export function RuleSection({ name }: { name: string }) {
  const params = { projectId: useProjectId(), name };
  const query = useInfiniteQuery(rulesQuery(params.projectId, name));
  const canWrite = useMay()("datasets:write");
  const rule = query.data?.pages[0]?.items[0];
  return (
    <section aria-label="Rule" className="pt-6">
      <div className="flex flex-wrap items-center gap-2 pb-2">
        <h2 className="text-sm font-medium">Rule</h2>
        {rule && <RuleState rule={rule} paused={!rule.enabled} />}
        {canWrite && query.data && (
          <div className="ml-auto flex gap-2">
            <Link
              to="/projects/$projectId/datasets/$name/_rule"
              params={params}
              className={LINK_BUTTON_CLASSES}
            >
              {rule ? "Edit rule" : "Add a rule"}
            </Link>
            {rule && <RuleActions rule={rule} />}
          </div>
        )}
      </div>
      {query.isError && <ErrorNotice error={query.error} />}
      {rule && <RuleFacts rule={rule} />}
      {query.data && !rule && (
        <p className="text-sm text-ink-3">
          A rule adds recorded calls again and again, for example those whose users were not
          content.
        </p>
      )}
    </section>
  );
}

function RuleActions({ rule }: { rule: DatasetRule }) {
  const change = useSwitchRule(rule.dataset);
  const [ending, setEnding] = useState(false);
  const remove = useRemoveRule(rule.dataset, () => setEnding(false));
  return (
    <>
      <Button busy={change.isPending} onClick={() => change.mutate(!rule.enabled)}>
        {rule.enabled ? "Pause" : "Resume"}
      </Button>
      <Button onClick={() => setEnding(true)}>End</Button>
      {ending && (
        <ConfirmDialog
          title="End the rule?"
          confirm="End rule"
          mutation={remove}
          input={null}
          onClose={() => setEnding(false)}
        >
          No more calls are added. The items that it has added stay.
        </ConfirmDialog>
      )}
    </>
  );
}

function RuleFacts({ rule }: { rule: DatasetRule }) {
  return (
    <>
      <Facts label="About the rule">
        <Fact name="Calls">{ruleText(rule)}</Fact>
        <Fact name="Share of the traces">{formatShare(rule.share)}</Fact>
        <Fact name="Added">{formatCount(rule.added)}</Fact>
        <Fact name="Today">
          {formatCount(rule.added_today)}
          <span className="font-normal text-ink-3"> of at most {formatCount(rule.daily_cap)}</span>
        </Fact>
        <Fact name="No examples">{formatCount(rule.skipped)}</Fact>
        <Fact name="Last time">
          {rule.last_run_at ? <RelativeTime at={rule.last_run_at} /> : "not yet"}
        </Fact>
        <Fact name="A version at most every">{formatCount(rule.interval_s / 60)} min</Fact>
        <Fact name="Delay">{formatCount(rule.delay_s / 60)} min</Fact>
      </Facts>
      {rule.error && (
        <div className="pt-2">
          <Notice tone="danger">{rule.error}</Notice>
        </div>
      )}
    </>
  );
}
