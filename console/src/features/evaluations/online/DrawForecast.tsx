import { useQuery } from "@tanstack/react-query";

import {
  drawnDaily,
  FORECAST_DAYS,
  forecastSearch,
  type OnlineForm,
} from "@/features/evaluations/online/onlineForm";
import { overviewQuery } from "@/shared/calls/queries";
import { formatMoney } from "@/shared/format/money";
import { formatCount } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { Notice } from "@/shared/ui/Notice";
import { useSettled } from "@/shared/ui/useSettled";

/** How many calls a rule would draw, by the calls of the last days. */
export function DrawForecast({ form }: { form: OnlineForm }) {
  const wanted = forecastSearch(form);
  const search = useSettled(wanted, JSON.stringify(wanted));
  const query = useQuery(overviewQuery(useProjectId(), search));
  const matching = query.data?.totals.requests;
  return (
    <Notice tone="neutral">
      <dl aria-label="Forecast" className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <dt className="text-ink-3">Matching calls</dt>
        <dd>
          {query.isError && "not known: the calls could not be counted."}
          {matching !== undefined && (
            <>
              <span className="num">{formatCount(matching)}</span> answered ones in the last{" "}
              {FORECAST_DAYS} days, <span className="num">{daily(matching / FORECAST_DAYS)}</span> a
              day
            </>
          )}
        </dd>
        <dt className="text-ink-3">Would be measured</dt>
        <dd>{matching !== undefined && <Drawn form={form} matching={matching} />}</dd>
        {Number(form.budget_usd) > 0 && (
          <>
            <dt className="text-ink-3">Judges cost</dt>
            <dd>
              at most <span className="num">{formatMoney(Number(form.budget_usd))}</span> a{" "}
              {form.budget_period}; then they pause until the next one
            </dd>
          </>
        )}
      </dl>
    </Notice>
  );
}

function Drawn({ form, matching }: { form: OnlineForm; matching: number }) {
  const { wanted, drawn, capped } = drawnDaily(matching, form.share, form.daily_calls);
  if (matching === 0) return "nothing: no call matches yet";
  return (
    <>
      about <span className="num">{daily(drawn)}</span> calls a day
      {capped && (
        <span className="text-warn">
          : the cap cuts off <span className="num">{daily(wanted - drawn)}</span> of{" "}
          <span className="num">{daily(wanted)}</span>, those late in the day. A smaller share draws
          from the whole day.
        </span>
      )}
    </>
  );
}

/** Calls of a day: `12`, `0.4`. */
function daily(calls: number): string {
  return calls < 10 ? String(+calls.toPrecision(2)) : formatCount(Math.round(calls));
}
