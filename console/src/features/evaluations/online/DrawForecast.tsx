import {
  drawnDaily,
  forecastFilter,
  type OnlineForm,
} from "@/features/evaluations/online/onlineForm";
import { dailyText, MatchingCalls, useMatchingCalls } from "@/shared/calls/MatchingCalls";
import { formatMoney } from "@/shared/format/money";
import { Notice } from "@/shared/ui/Notice";

/** How many calls a rule would draw, by the calls of the last days. */
export function DrawForecast({ form }: { form: OnlineForm }) {
  const { matching, isError } = useMatchingCalls(forecastFilter(form));
  return (
    <Notice tone="neutral">
      <dl aria-label="Forecast" className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <dt className="text-ink-3">Matching calls</dt>
        <dd>
          {isError && "not known: the calls could not be counted."}
          {matching !== undefined && <MatchingCalls matching={matching} what="answered ones" />}
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
      about <span className="num">{dailyText(drawn)}</span> calls a day
      {capped && (
        <span className="text-warn">
          : the cap cuts off <span className="num">{dailyText(wanted - drawn)}</span> of{" "}
          <span className="num">{dailyText(wanted)}</span>, those late in the day. A smaller share
          draws from the whole day.
        </span>
      )}
    </>
  );
}
