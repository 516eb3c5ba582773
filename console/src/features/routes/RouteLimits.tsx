import type { Route } from "@/shared/calls/routes";

/** The time limits of a route, or a dash. */
export function RouteLimits({ route }: { route: Route }) {
  const limits = [
    [route.first_token_timeout_ms, "to the first token"],
    [route.total_timeout_ms, "in total"],
  ] as const;
  const shown = limits.filter(([ms]) => ms > 0);
  if (shown.length === 0) return <span className="text-ink-3">–</span>;
  return shown.map(([ms, what]) => (
    <div key={what} className="num">
      {ms / 1000} s <span className="text-ink-3">{what}</span>
    </div>
  ));
}
