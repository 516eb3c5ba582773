import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Lock } from "lucide-react";

import { ArmTable } from "@/features/rollouts/ArmTable";
import { Evidence } from "@/features/rollouts/Evidence";
import { historyQuery, type Place, type RolloutChange } from "@/features/rollouts/queries";
import { RolloutActions } from "@/features/rollouts/RolloutActions";
import { RolloutLog } from "@/features/rollouts/RolloutLog";
import { presetSince } from "@/features/rollouts/search";
import { Shadow } from "@/features/rollouts/Shadow";
import { slicesOf } from "@/features/rollouts/slices";
import { StepProgress } from "@/features/rollouts/StepProgress";
import { Testers } from "@/features/rollouts/Testers";
import { SliceCharts } from "@/shared/measures/SliceCharts";
import {
  at,
  comparisonsQuery,
  rolloutsQuery,
  useCaseQuery,
  type Comparison,
  type Rollout,
} from "@/shared/releases/queries";
import { RolloutBadge } from "@/shared/releases/RolloutSummary";
import type { RangeSearch } from "@/shared/timeRange";
import { Badge } from "@/shared/ui/Badge";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Notice } from "@/shared/ui/Notice";
import { QueryContent } from "@/shared/ui/QueryContent";
import { TimeRangePicker } from "@/shared/ui/TimeRangePicker";
import { useNow } from "@/shared/ui/useNow";

const FROM = "/signed-in/projects/$projectId/rollouts/$useCase/$environment";

/** What answers the calls of a use case in an environment: releases, evidence, figures, history. */
export function RolloutPage() {
  const { projectId, useCase, environment } = useParams({ from: FROM });
  const place = { use_case: useCase, environment };
  const rollouts = useQuery(rolloutsQuery(projectId));
  const comparison = at(useQuery(comparisonsQuery(projectId)).data, useCase, environment);
  const history = useQuery(historyQuery(projectId, place)).data ?? [];
  const rollout = at(rollouts.data, useCase, environment);
  return (
    <DetailPage list={{ to: "/projects/$projectId/rollouts", name: "Rollouts" }}>
      <DetailHeader
        title={
          <Link
            to="/projects/$projectId/use-cases/$name"
            params={{ projectId, name: useCase }}
            className="hover:text-accent hover:underline"
          >
            {useCase}
          </Link>
        }
        note={
          <>
            <EnvironmentBadge place={place} />
            {rollout && <RolloutBadge rollout={rollout} comparison={comparison} />}
          </>
        }
        actions={
          rollouts.data && (
            <RolloutActions
              place={place}
              rollout={rollout}
              comparison={comparison}
              history={history}
            />
          )
        }
      />
      <QueryContent query={rollouts}>
        {() =>
          rollout ? (
            <Running rollout={rollout} comparison={comparison} history={history} place={place} />
          ) : (
            <EmptyState title="No release answers here">
              Calls that name “{useCase}” as their model fail in {environment} until a release is
              started.
            </EmptyState>
          )
        }
      </QueryContent>
      <RolloutLog place={place} changes={history} />
    </DetailPage>
  );
}

/** The environment; who may change what answers in it, as tooltip. */
function EnvironmentBadge({ place }: { place: Place }) {
  const { projectId } = useParams({ from: FROM });
  const useCase = useQuery(useCaseQuery(projectId, place.use_case)).data;
  const found = useCase?.environments.find(({ name }) => name === place.environment);
  return (
    <span title={found && `Changed by the role ${found.role}`}>
      <Badge>
        {found?.protected && <Lock size={11} aria-label="protected" />}
        {place.environment}
      </Badge>
    </span>
  );
}

interface RunningProps {
  place: Place;
  rollout: Rollout;
  comparison: Comparison | undefined;
  history: readonly RolloutChange[];
}

function Running({ place, rollout, comparison, history }: RunningProps) {
  const now = useNow();
  const search = useSearch({ from: FROM });
  const since = comparison?.periods[0]?.began_at ?? rollout.updated_at;
  const isChosen = search.range !== undefined || search.from !== undefined;
  const range = isChosen ? search : { range: presetSince(since, now) };
  return (
    <>
      {comparison && <Progress comparison={comparison} />}
      <Answers rollout={rollout} range={range} />
      {comparison && <Evidence place={place} comparison={comparison} rollout={rollout} />}
      <section aria-label="Over time" className="pt-8">
        <h2 className="mb-2 text-sm font-medium">Over time</h2>
        <SliceCharts
          slices={slicesOf(rollout, history, range)}
          scores={comparison ? guardedScores(comparison) : []}
        />
      </section>
      {rollout.shadow && <Shadow place={place} shadow={rollout.shadow} />}
      <Testers rollout={rollout} />
    </>
  );
}

function guardedScores(comparison: Comparison): string[] {
  return comparison.plan.guards.flatMap(({ score }) => score || []);
}

/** How far a comparison is, and whether it is paused. */
function Progress({ comparison }: { comparison: Comparison }) {
  return (
    <>
      {comparison.step !== null && <StepProgress comparison={comparison} step={comparison.step} />}
      {comparison.status === "paused" && (
        <div className="pt-3">
          <Notice tone="warn">
            <span className="font-medium">Paused: the shares stay, and nothing is decided.</span>{" "}
            {comparison.note}
          </Notice>
        </div>
      )}
    </>
  );
}

function Answers({ rollout, range }: { rollout: Rollout; range: RangeSearch }) {
  const navigate = useNavigate({ from: "/projects/$projectId/rollouts/$useCase/$environment" });
  return (
    <section aria-label="What answers" className="pt-4">
      <div className="mb-1 flex flex-wrap items-center justify-between gap-2">
        <h2 className="text-sm font-medium">What answers</h2>
        <TimeRangePicker
          value={range}
          onChange={(next) => void navigate({ search: next, replace: true })}
        />
      </div>
      <ArmTable rollout={rollout} range={range} />
    </section>
  );
}
