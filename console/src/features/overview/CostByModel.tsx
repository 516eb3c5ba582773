import { Link } from "@tanstack/react-router";

import { pricedCost } from "@/features/overview/metrics";
import type { Schemas } from "@/shared/api/client";
import type { CallSearch } from "@/shared/calls/search";
import { moneyDecimals } from "@/shared/format/money";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { CallCost } from "@/shared/ui/Values";

const SHOWN = 5;

interface CostByModelProps {
  overview: Schemas["OverviewOut"];
  search: CallSearch;
}

/** The most expensive models. */
export function CostByModel({ overview, search }: CostByModelProps) {
  const projectId = useProjectId();
  const groups = [...overview.by_model].sort((one, other) => Number(other.cost) - Number(one.cost));
  const shown = groups.slice(0, SHOWN);
  const decimals = moneyDecimals(shown.map((group) => group.cost));
  const most = Number(groups[0]?.cost ?? 0) || 1;
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 flex h-6 items-center">
        <h2 className="text-sm font-medium">Cost by model</h2>
      </figcaption>
      <ol className="flex flex-col">
        {shown.map((group) => (
          <li key={group.value}>
            <Link
              to="/projects/$projectId/traces"
              params={{ projectId }}
              search={{ ...search, model: [group.value] }}
              className="group grid h-8 grid-cols-[minmax(0,2fr)_minmax(0,3fr)_80px] items-center gap-3 text-xs"
            >
              <span className="truncate text-ink-2 group-hover:text-accent" title={group.value}>
                {group.value || "none"}
              </span>
              <span
                className={cx("h-2.5 bg-chart-1", Number(group.cost) > 0 && "min-w-px")}
                style={{ width: `${(Number(group.cost) / most) * 100}%` }}
              />
              <span className="text-right">
                <CallCost
                  tokens={group.input_tokens + group.output_tokens}
                  amount={pricedCost(group)}
                  decimals={decimals}
                />
              </span>
            </Link>
          </li>
        ))}
      </ol>
    </figure>
  );
}
