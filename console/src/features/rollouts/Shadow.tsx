import { useQuery } from "@tanstack/react-query";

import { shadowReportQuery, shadowSpentQuery, type Place } from "@/features/rollouts/queries";
import { ShadowFigures, ShadowPairs } from "@/features/rollouts/ShadowFigures";
import type { Rollout } from "@/shared/releases/queries";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";
import { formatMoney } from "@/shared/format/money";
import { useMay, useProjectId } from "@/shared/session";
import { Fact, Facts } from "@/shared/ui/Facts";
import { QueryContent } from "@/shared/ui/QueryContent";

type ShadowArm = NonNullable<Rollout["shadow"]>;

/** The release that answers copies of calls, shown to nobody: its budget, and how it compares. */
export function Shadow({ place, shadow }: { place: Place; shadow: ShadowArm }) {
  const mayRead = useMay()("traces:read");
  return (
    <section aria-label="Shadow" className="pt-8">
      <h2 className="mb-2 text-sm font-medium">Shadow</h2>
      <Facts label="Shadow">
        <Fact name="Release">
          <ReleaseLink digest={shadow.release} withMessage />
        </Fact>
        <Fact name="Copies">
          <span className="num">{shadow.percent} %</span> of the calls, {shadow.max_calls} at once
        </Fact>
        <Fact name="Budget">
          <Spent place={place} shadow={shadow} />
        </Fact>
      </Facts>
      {mayRead && <Report place={place} />}
    </section>
  );
}

/** What it has cost since midnight UTC, of what it may cost in a day. */
function Spent({ place, shadow }: { place: Place; shadow: ShadowArm }) {
  const mayRead = useMay()("traces:read");
  const query = shadowSpentQuery(useProjectId(), place, shadow.release);
  const spent = useQuery({ ...query, enabled: mayRead }).data;
  const most = Number(shadow.usd_per_day);
  if (spent === undefined) return <span className="num">{formatMoney(most)} a day</span>;
  return (
    <span className="flex items-center gap-2">
      <span className="num">
        {formatMoney(spent)} of {formatMoney(most)} today
      </span>
      <meter
        aria-label="Budget used today"
        className="h-2 w-24"
        min={0}
        max={most}
        high={most * 0.8}
        value={Math.min(spent, most)}
      />
    </span>
  );
}

function Report({ place }: { place: Place }) {
  const query = useQuery(shadowReportQuery(useProjectId(), place));
  return (
    <QueryContent query={query}>
      {(report) =>
        report.pairs === 0 ? (
          <p className="pt-3 text-sm text-ink-3">
            No pairs yet: a copy is sent once a caller has the answer, and shows here in some
            seconds.
          </p>
        ) : (
          <>
            <ShadowFigures report={report} />
            <ShadowPairs report={report} />
          </>
        )
      }
    </QueryContent>
  );
}
