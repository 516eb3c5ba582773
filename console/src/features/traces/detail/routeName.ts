import { useQuery } from "@tanstack/react-query";

import { attributeOf, type Span } from "@/features/traces/detail/queries";
import { routesQuery } from "@/shared/calls/routes";
import { useProjectId } from "@/shared/session";

/** The name of the route that a call asked for; empty if it asked for a model. */
export function useRouteName(call: Span): string {
  const asked = attributeOf(call, "gen_ai.request.model");
  const routes = useQuery(routesQuery(useProjectId())).data ?? [];
  return routes.some(({ name }) => name === asked) ? asked : "";
}
