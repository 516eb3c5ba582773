import type { MetricReport } from "@/features/evaluations/queries";
import { Badge } from "@/shared/ui/Badge";

type Rate = NonNullable<NonNullable<MetricReport["human"]>["kappa"]>;

/** What human labels say of the judges of a run: their agreement, and the rates corrected by it. */
export function HumanLabels({ metrics }: { metrics: readonly MetricReport[] }) {
  const compared = metrics.filter(({ human }) => human);
  if (compared.length === 0) return null;
  return (
    <ul aria-label="Human labels" className="flex flex-col gap-2 pt-3 text-sm text-ink-2">
      {compared.map(({ name, human }) => (
        <li key={name} className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-medium text-ink">{name}</span>
          <Badge>{human?.labels} human labels</Badge>
          {human?.kappa && <span>κ {rateText(human.kappa)},</span>}
          {human?.sensitivity && <span>sensitivity {rateText(human.sensitivity)},</span>}
          {human?.specificity && <span>specificity {rateText(human.specificity)}.</span>}
          <span>{human?.text || human?.reason}</span>
        </li>
      ))}
    </ul>
  );
}

function rateText({ estimate, low, high }: Rate): string {
  return `${estimate.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
