import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { HistoryChart } from "@/features/limits/HistoryChart";
import { TONES } from "@/features/limits/LimitTable";
import { formatAmount, formatExactAmount } from "@/features/limits/measures";
import {
  historyQuery,
  type Limit,
  type LimitHistory,
  type LimitUse,
} from "@/features/limits/queries";
import { callsOf } from "@/features/limits/scope";
import { useValueText } from "@/shared/calls/Scope";
import { shareOf, stateOf } from "@/features/limits/state";
import { UseBar } from "@/features/limits/UseBar";
import { formatShare } from "@/shared/format/number";
import { formatDateTime, formatSpan } from "@/shared/format/time";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { useNow } from "@/shared/ui/useNow";
import { RelativeTime } from "@/shared/ui/Values";

interface LimitUsageProps {
  limit: Limit;
  use: LimitUse;
  /** The values of the counter that is shown. */
  value: readonly string[];
}

/** One counter of a limit: what is used, and its history. */
export function LimitUsage({ limit, use, value }: LimitUsageProps) {
  const textOf = useValueText();
  const history = useQuery(historyQuery(useProjectId(), limit.id, value));
  const names = value.map((one, index) => textOf(limit.per[index] ?? "", one));
  const title = names.length > 0 ? names.join(", ") : "Use";
  return (
    <section aria-label="Use" className="pt-6">
      <div className="mb-3 flex flex-wrap items-baseline justify-between gap-2">
        <h2 className="min-w-0 text-sm font-medium break-words">{title}</h2>
        <CallsLink limit={limit} use={use} value={value} />
      </div>
      <Numbers limit={limit} use={use} />
      {use.resets_at && <Forecasts limit={limit} use={use} history={history.data} />}
      <HistoryChart limit={limit} use={use} query={history} />
    </section>
  );
}

function Numbers({ limit, use }: { limit: Limit; use: LimitUse }) {
  const state = stateOf(limit, use, useNow());
  const share = shareOf(limit.amount, use);
  const isOpen = limit.measure === "concurrency";
  const amount = (value: string) => (
    <span title={formatExactAmount(limit.measure, value)}>
      {formatAmount(limit.measure, value)}
    </span>
  );
  return (
    <div className="max-w-3xl">
      <dl className="mb-2 flex flex-wrap gap-x-10 gap-y-2">
        {!isOpen && <Total name="Used">{amount(use.used)}</Total>}
        <Total name={isOpen ? "Open now" : "Reserved by open calls"}>{amount(use.reserved)}</Total>
        <Total name="Left" tone={state?.tone}>
          {amount(use.left)}
        </Total>
        <Total name="Share">{Number.isFinite(share) ? formatShare(share) : "above"}</Total>
        {Number(use.exceeded) > 0 && (
          <Total name="Above what was reserved">{amount(use.exceeded)}</Total>
        )}
        {use.resets_at && (
          <Total name="Resets">
            <RelativeTime at={use.resets_at} />
          </Total>
        )}
      </dl>
      <UseBar amount={limit.amount} use={use} tone={state?.tone ?? "neutral"} />
    </div>
  );
}

interface TotalProps {
  name: string;
  tone?: keyof typeof TONES | undefined;
  children: ReactNode;
}

function Total({ name, tone = "neutral", children }: TotalProps) {
  return (
    <div>
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className={cx("num text-base font-medium", tone !== "neutral" && TONES[tone])}>
        {children}
      </dd>
    </div>
  );
}

interface ForecastsProps {
  limit: Limit;
  use: LimitUse;
  history: LimitHistory | undefined;
}

/** What will be used at the end of the window, at the average rate and at that of late. */
function Forecasts({ limit, use, history }: ForecastsProps) {
  const rows = [
    { name: "At the average rate of this window", forecast: use.forecast },
    {
      name: `At the rate of the last ${spanText(history?.recent_s ?? 0)}`,
      forecast: history?.recent ?? null,
    },
  ].filter(({ forecast }) => forecast !== null);
  if (rows.length === 0) {
    return <p className="mt-3 text-xs text-ink-3">The window is too young for a forecast.</p>;
  }
  return (
    <ul aria-label="Forecast" className="mt-3 flex flex-col gap-0.5 text-sm">
      {rows.map(({ name, forecast }) => (
        <li key={name}>
          <span className="text-ink-2">{name}: </span>
          <ForecastText limit={limit} forecast={forecast} />
        </li>
      ))}
    </ul>
  );
}

/** `24 hours`, `10 minutes`, `9 seconds`. */
function spanText(seconds: number): string {
  const [unit, length] =
    seconds >= 3600 ? ["hour", 3600] : seconds >= 60 ? ["minute", 60] : ["second", 1];
  const count = Math.round(seconds / length);
  return count === 1 ? unit : `${count} ${unit}s`;
}

function ForecastText({ limit, forecast }: { limit: Limit; forecast: LimitUse["forecast"] }) {
  const now = useNow();
  if (!forecast) return null;
  const atEnd = `${formatAmount(limit.measure, forecast.at_end)} at the end of the window`;
  if (!forecast.used_up_at) return <span className="num">{atEnd}</span>;
  const left = Date.parse(forecast.used_up_at) - now;
  if (left < 2000) return <span className="num text-danger">used up now; {atEnd} without it</span>;
  return (
    <span className="num text-warn" title={atEnd}>
      used up in {formatSpan(left)}, {formatDateTime(forecast.used_up_at).slice(0, 16)}
    </span>
  );
}

/** Links to the calls that were counted since the window began, where a filter can select them. */
function CallsLink({ limit, use, value }: LimitUsageProps) {
  const { projectId } = useParams({ from: "/signed-in/projects/$projectId/limits/$limitId" });
  const filter = callsOf(limit, value);
  if (!filter) return null;
  const range = use.window_start
    ? { from: use.window_start, to: use.resets_at ?? undefined }
    : { range: "1h" as const };
  return (
    <Link
      to="/projects/$projectId/traces"
      params={{ projectId }}
      search={{ ...filter, ...range }}
      className="text-xs text-accent hover:underline"
    >
      Its calls
    </Link>
  );
}
