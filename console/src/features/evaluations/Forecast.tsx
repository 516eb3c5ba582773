import { useQuery } from "@tanstack/react-query";

import { figuresQuery } from "@/features/evaluations/figures";
import { visibleDifference, type RunForm } from "@/features/evaluations/runForm";
import { splitChoicesQuery } from "@/shared/datasets/queries";
import { formatMoney } from "@/shared/format/money";
import { formatCount } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { Notice } from "@/shared/ui/Notice";

/** What a run will do before it starts: its calls, their cost, and the difference it can show. */
export function Forecast({ form }: { form: RunForm }) {
  const { dataset, version, split } = form;
  const splits = useQuery(splitChoicesQuery(useProjectId(), dataset, version)).data;
  const cost = useItemCost(form);
  if (!splits) return null;
  const chosen = splits.filter(({ name }) => !split || name === split);
  const items = chosen.reduce((sum, { item_count }) => sum + item_count, 0);
  const results = items * Number(form.repeats || 1);
  const percent = (share: number) => `${(visibleDifference(items, share) * 100).toFixed(1)} pp`;
  return (
    <Notice tone="neutral">
      <dl aria-label="Forecast" className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <dt className="text-ink-3">Results</dt>
        <dd className="num">
          {formatCount(results)}
          <span className="text-ink-3">
            {" "}
            ({formatCount(items)} items of {version ? `version ${version}` : "the newest version"}
            {split && `, split ${split}`})
          </span>
        </dd>
        <dt className="text-ink-3">Cost of answers</dt>
        <dd>
          <CostForecast form={form} cost={cost} results={results} />
        </dd>
        <dt className="text-ink-3">Can show</dt>
        <dd>
          differences of a pass rate of ≥ <span className="num">{percent(0.1)}</span> if a tenth of
          the items changes, ≥ <span className="num">{percent(0.3)}</span> if three tenths change
          (with a probability of 80 %)
        </dd>
      </dl>
    </Notice>
  );
}

interface CostForecastProps {
  form: RunForm;
  cost: number | null;
  results: number;
}

function CostForecast({ form, cost, results }: CostForecastProps) {
  if (form.target === "recorded") return "none: the outputs are there";
  const cap = Number(form.cost_cap_usd);
  if (cost === null) {
    return `not known: this target has no run on this dataset. ${capText(cap)}`;
  }
  const total = cost * results;
  return (
    <>
      about <span className="num">{formatMoney(total)}</span>, as in its newest run; judges cost
      extra. <span className={cap > 0 && total > cap ? "text-danger" : ""}>{capText(cap)}</span>
    </>
  );
}

function capText(cap: number): string {
  return cap > 0
    ? `The run stops before it costs more than ${formatMoney(cap)}.`
    : "There is no cap.";
}

/** The mean cost of an answer of the target in its newest run on the dataset. */
function useItemCost({ dataset, target, release, model }: RunForm): number | null {
  const figures = useQuery(figuresQuery(useProjectId(), dataset, "")).data;
  const same = figures?.targets.find((each) =>
    target === "release" ? each.release && each.release === release : each.model === model,
  );
  return same?.latest?.cost_usd ?? null;
}
