import { useQuery } from "@tanstack/react-query";

import { limitedProvidersQuery } from "@/features/routes/queries";
import type { Route } from "@/shared/calls/routes";
import { useProjectId } from "@/shared/session";

/** The limits of calls at once of the providers of a route, or a dash. */
export function RouteConcurrency({ route }: { route: Route }) {
  const { data: limited = [] } = useQuery(limitedProvidersQuery(useProjectId()));
  const shown = limited.filter(({ name }) =>
    route.targets.some(({ provider }) => provider === name),
  );
  if (shown.length === 0) return <span className="text-ink-3">–</span>;
  return shown.map(({ name, max_concurrency, max_queue, queue_timeout_ms }) => (
    <div key={name} className="num">
      <span className="font-mono">{name}</span> {max_concurrency}
      <span className="text-ink-3">
        {max_queue > 0
          ? `, up to ${max_queue} wait ${queue_timeout_ms / 1000} s in each worker`
          : ", none waits"}
      </span>
    </div>
  ));
}
