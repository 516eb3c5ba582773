import type { Explanation } from "@/features/dryRun/queries";
import { formatMoney } from "@/shared/format/money";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";

type RolloutShadow = NonNullable<Explanation["rollout_shadow"]>;

/** What gets a share of such calls as well, by the route and by the rollout; callers never see its
 * answers. */
export function Shadows({ found: { shadow, rollout_shadow } }: { found: Explanation }) {
  return (
    <ul className="flex flex-col gap-1 text-sm">
      {shadow && <li>{shadow} as well, by the route.</li>}
      {rollout_shadow && (
        <li>
          <span className="num">{rollout_shadow.percent} %</span> to the release{" "}
          <ReleaseLink digest={rollout_shadow.release} /> as well, by the rollout.{" "}
          <span className="text-ink-2">{budgetText(rollout_shadow)}</span>
        </li>
      )}
    </ul>
  );
}

function budgetText({ left, usd_per_day }: RolloutShadow): string {
  if (left === "") return "What is left of its budget is not known now: it gets none.";
  if (Number(left) <= 0) return "Its budget of this day is spent: it gets none.";
  return `${formatMoney(left)} of ${formatMoney(usd_per_day)} is left today.`;
}
