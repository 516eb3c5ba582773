import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { OnlineState } from "@/features/evaluations/online/OnlineList";
import { GroupTable, SkippedCalls } from "@/features/evaluations/online/OnlineGroups";
import { MetricOverTime } from "@/features/evaluations/online/MetricOverTime";
import {
  onlineFiguresQuery,
  onlineQuery,
  useRemoveOnline,
  useSwitchOnline,
  type OnlineEvaluation,
} from "@/features/evaluations/online/queries";
import { PeriodBudget } from "@/features/evaluations/PeriodBudget";
import { WorstCalls } from "@/features/evaluations/online/WorstCalls";
import { filterText, onlineState, shareText } from "@/features/evaluations/online/words";
import { formatCount } from "@/shared/format/number";
import { useMay } from "@/shared/session";
import type { Preset } from "@/shared/timeRange";
import { Button } from "@/shared/ui/Button";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Fact, Facts } from "@/shared/ui/Facts";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Notice } from "@/shared/ui/Notice";
import { QueryContent } from "@/shared/ui/QueryContent";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { RelativeTime } from "@/shared/ui/Values";

const FROM = "/signed-in/projects/$projectId/evaluations/_online/$name";
const RANGES = [
  { value: "24h", name: "24 hours" },
  { value: "7d", name: "7 days" },
  { value: "30d", name: "30 days" },
] as const satisfies readonly { value: Preset; name: string }[];
type Range = (typeof RANGES)[number];

function rangeOf(value: string): Range {
  return RANGES.find((range) => range.value === value) ?? RANGES[1];
}

/** One online evaluation: rates and means over time and by release, the worst calls. */
export function OnlinePage() {
  const { projectId, name } = useParams({ from: FROM });
  const query = useQuery(onlineQuery(projectId, name));
  const [range, setRange] = useState<Range>(RANGES[1]);
  return (
    <DetailPage
      list={{ to: "/projects/$projectId/evaluations", name: "Live traffic", view: "online" }}
    >
      <QueryContent query={query}>
        {(found) => (
          <>
            <DetailHeader
              title={found.name}
              note={<OnlineState found={found} />}
              actions={<Actions found={found} />}
            />
            <OnlineFacts found={found} />
            <WhyNot found={found} />
            <div className="flex justify-end pt-4">
              <SegmentedControl
                label="Time"
                options={RANGES}
                value={range.value}
                onChange={(value) => setRange(rangeOf(value))}
              />
            </div>
            <Measured found={found} range={range} />
          </>
        )}
      </QueryContent>
    </DetailPage>
  );
}

function Actions({ found }: { found: OnlineEvaluation }) {
  const { projectId, name } = useParams({ from: FROM });
  const change = useSwitchOnline(name);
  const [ending, setEnding] = useState(false);
  if (!useMay()("evaluations:run")) return null;
  return (
    <>
      <Link
        to="/projects/$projectId/evaluations/_online/$name/edit"
        params={{ projectId, name }}
        className={LINK_BUTTON_CLASSES}
      >
        Edit
      </Link>
      <Button busy={change.isPending} onClick={() => change.mutate(!found.enabled)}>
        {found.enabled ? "Pause" : "Resume"}
      </Button>
      <Button onClick={() => setEnding(true)}>End</Button>
      {ending && <EndDialog name={name} onClose={() => setEnding(false)} />}
    </>
  );
}

function EndDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { projectId } = useParams({ from: FROM });
  const navigate = useNavigate();
  const mutation = useRemoveOnline(() =>
    navigate({
      to: "/projects/$projectId/evaluations",
      params: { projectId },
      search: { view: "online" },
    }),
  );
  return (
    <ConfirmDialog
      title={`End “${name}”?`}
      confirm="End online evaluation"
      mutation={mutation}
      input={name}
      onClose={onClose}
    >
      No more calls are measured, and this page goes. The scores stay at their calls. To stop for a
      while only, pause it.
    </ConfirmDialog>
  );
}

function OnlineFacts({ found }: { found: OnlineEvaluation }) {
  return (
    <Facts label="About">
      <Fact name="Calls">{filterText(found)}</Fact>
      <Fact name="Share of the traces">{shareText(found.share)}</Fact>
      <Fact name="At most">{formatCount(found.daily_calls)} a day</Fact>
      <Fact name="Delay">{formatCount(found.delay_s)} s</Fact>
      <Fact name="Judges">
        <PeriodBudget found={found} none="no judges" />
      </Fact>
      <Fact name="Waiting">{formatCount(found.waiting)}</Fact>
      <Fact name="Seen until">
        <RelativeTime at={found.seen_until} />
      </Fact>
      <Fact name="Version">{found.version}</Fact>
    </Facts>
  );
}

function WhyNot({ found }: { found: OnlineEvaluation }) {
  const { tone, why } = onlineState(found);
  if (!why) return null;
  return (
    <div className="pt-3">
      <Notice tone={tone === "danger" ? "danger" : "warn"}>{why}</Notice>
    </div>
  );
}

function Measured({ found, range }: { found: OnlineEvaluation; range: Range }) {
  const { projectId } = useParams({ from: FROM });
  const query = useQuery(
    onlineFiguresQuery(projectId, found.name, range.value, found.counts.measured),
  );
  const figures = query.data;
  if (query.isError) return <ErrorNotice error={query.error} />;
  if (!figures) return <SkeletonRows rows={5} />;
  return (
    <>
      <section aria-label="Metrics">
        <h2 className="mb-1 text-sm font-medium">All calls</h2>
        <GroupTable figures={figures} groups={[figures.total]} />
        <SkippedCalls counts={figures.total.counts} />
      </section>
      {figures.series.length > 1 && (
        <section aria-label="Over time" className="grid gap-6 pt-6 lg:grid-cols-2">
          {found.evaluators.map(({ name }) => (
            <MetricOverTime key={name} name={name} figures={figures} />
          ))}
        </section>
      )}
      {figures.releases.length > 1 && (
        <section aria-label="Releases" className="pt-6">
          <h2 className="mb-1 text-sm font-medium">Releases</h2>
          <GroupTable figures={figures} groups={figures.releases} />
        </section>
      )}
      <WorstCalls found={found} figures={figures} range={range.value} />
    </>
  );
}
