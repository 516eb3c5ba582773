import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { project } from "@/app/baseRoutes";
import { parseCompareSearch, parseEvaluationsSearch } from "@/features/evaluations/search";

const evaluations = createRoute({
  getParentRoute: () => project,
  path: "/evaluations",
  validateSearch: parseEvaluationsSearch,
  component: lazyRouteComponent(
    () => import("@/features/evaluations/EvaluationsPage"),
    "EvaluationsPage",
  ),
});
// No id of a run begins with an underscore.
const compareRuns = createRoute({
  getParentRoute: () => project,
  path: "/evaluations/_compare",
  validateSearch: parseCompareSearch,
  component: lazyRouteComponent(
    () => import("@/features/evaluations/CompareRunsPage"),
    "CompareRunsPage",
  ),
});
const run = createRoute({
  getParentRoute: () => project,
  path: "/evaluations/$run",
  component: lazyRouteComponent(() => import("@/features/evaluations/RunPage"), "RunPage"),
});

/** The pages of evaluation runs and gates. */
export const evaluationRoutes = [evaluations, compareRuns, run] as const;
