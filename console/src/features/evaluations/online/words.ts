import type { OnlineEvaluation } from "@/features/evaluations/online/queries";
import type { Tone } from "@/shared/ui/Badge";

/** Whether an online evaluation works, and what stops it. */
export function onlineState(found: OnlineEvaluation): { tone: Tone; name: string; why: string } {
  if (!found.enabled) return { tone: "neutral", name: "paused", why: "" };
  if (found.error) return { tone: "danger", name: "failing", why: found.error };
  if (found.budget_spent) {
    const why = `The budget of this ${found.budget_period} is spent. It goes on with the next one; calls until then are counted as skipped.`;
    return { tone: "warn", name: "budget spent", why };
  }
  return { tone: "ok", name: "running", why: "" };
}

/** The filter as a reader would write it: `use_case = support · tag plan = gold`. */
export function filterText({ filter }: Pick<OnlineEvaluation, "filter">): string {
  const parts = Object.entries(filter.only ?? {}).map(
    ([name, values]) => `${name} = ${values.join(" or ")}`,
  );
  const tags = Object.entries(filter.tags ?? {}).map(
    ([name, values]) => `tag ${name} = ${values.join(" or ")}`,
  );
  const text = filter.text ? [`contains “${filter.text}”`] : [];
  return [...parts, ...tags, ...text].join(" · ") || "all answered calls";
}

/** A share of the calls: `5%`, `0.25%`. */
export function shareText(share: number): string {
  return `${+(share * 100).toPrecision(3)}%`;
}
