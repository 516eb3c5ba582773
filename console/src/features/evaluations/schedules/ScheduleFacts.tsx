import { Link } from "@tanstack/react-router";

import { PeriodBudget } from "@/features/evaluations/PeriodBudget";
import { LastRun } from "@/features/evaluations/schedules/ScheduleList";
import type { Schedule } from "@/features/evaluations/schedules/queries";
import { startTexts, targetText } from "@/features/evaluations/schedules/words";
import { formatCount } from "@/shared/format/number";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";
import { useProjectId } from "@/shared/session";
import { Fact, Facts } from "@/shared/ui/Facts";
import { Money, RelativeTime } from "@/shared/ui/Values";

/** What a schedule measures, when it starts, and what it may cost. */
export function ScheduleFacts({ found }: { found: Schedule }) {
  return (
    <Facts label="About">
      <Fact name="Starts">
        <ul>
          {startTexts(found).map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      </Fact>
      {found.cron && (
        <Fact name="Next">{found.next_at ? <RelativeTime at={found.next_at} /> : "–"}</Fact>
      )}
      <Fact name="Last run">
        <LastRun found={found} />
      </Fact>
      <Fact name="Dataset">
        <DatasetOf found={found} />
      </Fact>
      <Fact name="Target">
        {found.target.release ? (
          <ReleaseLink digest={found.target.release} withMessage />
        ) : (
          targetText(found.target)
        )}
      </Fact>
      <Fact name="Evaluators">
        {found.evaluators.map(({ name }) => name).join(", ") || "none: it only calls"}
      </Fact>
      {found.repeats > 1 && <Fact name="Repeats">{found.repeats}</Fact>}
      <Fact name="Spent">
        <PeriodBudget found={found} none="no budget" />
      </Fact>
      <Fact name="A run costs at most">
        {found.cost_cap_usd > 0 ? <Money amount={String(found.cost_cap_usd)} /> : "no cap"}
      </Fact>
      <Fact name="Keeps">its newest {formatCount(found.keep_runs)} runs</Fact>
      <Fact name="Set by">
        {found.author} <RelativeTime at={found.updated_at} />
      </Fact>
    </Facts>
  );
}

function DatasetOf({ found }: { found: Schedule }) {
  const projectId = useProjectId();
  const { dataset, version, split } = found;
  return (
    <>
      <Link
        to="/projects/$projectId/datasets/$name"
        params={{ projectId, name: dataset }}
        search={version === null ? {} : { version }}
        className="hover:text-accent hover:underline"
      >
        {dataset}
        <span className="num text-ink-3">{version === null ? "" : `@${version}`}</span>
      </Link>
      <span className="text-ink-2">
        {version === null && ", newest version"}
        {split && `, split ${split}`}
      </span>
    </>
  );
}
