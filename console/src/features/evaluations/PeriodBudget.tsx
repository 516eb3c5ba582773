import { Money } from "@/shared/ui/Values";

interface PeriodBudgetProps {
  found: { spent_usd: number; budget_usd: number; budget_period: "day" | "month" };
  /** What it means that there is no budget. */
  none: string;
}

/** What something has cost in this period, of its budget. */
export function PeriodBudget({ found, none }: PeriodBudgetProps) {
  const { spent_usd, budget_usd, budget_period } = found;
  if (budget_usd === 0) return <span className="text-ink-3">{none}</span>;
  return (
    <>
      <Money amount={String(spent_usd)} />
      <span className="text-ink-3">
        {" of "}
        <Money amount={String(budget_usd)} /> {budget_period === "day" ? "today" : "this month"}
      </span>
    </>
  );
}
