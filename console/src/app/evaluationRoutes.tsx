import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { project } from "@/app/baseRoutes";
import {
  parseDatasetSearch,
  parseDatasetsSearch,
  parseDiffSearch,
} from "@/features/datasets/search";
import {
  parseCompareSearch,
  parseEvaluationsSearch,
  parseRunSearch,
  parseStartRunSearch,
} from "@/features/evaluations/search";

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
const startRun = createRoute({
  getParentRoute: () => project,
  path: "/evaluations/_new",
  validateSearch: parseStartRunSearch,
  component: lazyRouteComponent(
    () => import("@/features/evaluations/StartRunPage"),
    "StartRunPage",
  ),
});
const run = createRoute({
  getParentRoute: () => project,
  path: "/evaluations/$run",
  validateSearch: parseRunSearch,
  component: lazyRouteComponent(() => import("@/features/evaluations/RunPage"), "RunPage"),
});
const online = createRoute({
  getParentRoute: () => project,
  path: "/evaluations/_online/$name",
  component: lazyRouteComponent(
    () => import("@/features/evaluations/online/OnlinePage"),
    "OnlinePage",
  ),
});

const addOnline = createRoute({
  getParentRoute: () => project,
  path: "/evaluations/_online/_new",
  component: lazyRouteComponent(
    () => import("@/features/evaluations/online/OnlineFormPages"),
    "AddOnlinePage",
  ),
});
const editOnline = createRoute({
  getParentRoute: () => project,
  path: "/evaluations/_online/$name/edit",
  component: lazyRouteComponent(
    () => import("@/features/evaluations/online/OnlineFormPages"),
    "EditOnlinePage",
  ),
});
const schedule = createRoute({
  getParentRoute: () => project,
  path: "/evaluations/_schedules/$name",
  component: lazyRouteComponent(
    () => import("@/features/evaluations/schedules/SchedulePage"),
    "SchedulePage",
  ),
});
const addSchedule = createRoute({
  getParentRoute: () => project,
  path: "/evaluations/_schedules/_new",
  component: lazyRouteComponent(
    () => import("@/features/evaluations/schedules/ScheduleFormPages"),
    "AddSchedulePage",
  ),
});
const editSchedule = createRoute({
  getParentRoute: () => project,
  path: "/evaluations/_schedules/$name/edit",
  component: lazyRouteComponent(
    () => import("@/features/evaluations/schedules/ScheduleFormPages"),
    "EditSchedulePage",
  ),
});

const datasets = createRoute({
  getParentRoute: () => project,
  path: "/datasets",
  validateSearch: parseDatasetsSearch,
  component: lazyRouteComponent(() => import("@/features/datasets/DatasetsPage"), "DatasetsPage"),
});
const dataset = createRoute({
  getParentRoute: () => project,
  path: "/datasets/$name",
  validateSearch: parseDatasetSearch,
  component: lazyRouteComponent(() => import("@/features/datasets/DatasetPage"), "DatasetPage"),
});
const importDataset = createRoute({
  getParentRoute: () => project,
  path: "/datasets/$name/_import",
  component: lazyRouteComponent(
    () => import("@/features/datasets/importing/ImportPage"),
    "ImportPage",
  ),
});
const datasetRule = createRoute({
  getParentRoute: () => project,
  path: "/datasets/$name/_rule",
  component: lazyRouteComponent(() => import("@/features/datasets/rules/RulePage"), "RulePage"),
});
const datasetDiff = createRoute({
  getParentRoute: () => project,
  path: "/datasets/$name/_diff",
  validateSearch: parseDiffSearch,
  component: lazyRouteComponent(
    () => import("@/features/datasets/DatasetDiffPage"),
    "DatasetDiffPage",
  ),
});

/** The pages of evaluation runs, gates and datasets. */
export const evaluationRoutes = [
  evaluations,
  compareRuns,
  startRun,
  run,
  online,
  addOnline,
  editOnline,
  schedule,
  addSchedule,
  editSchedule,
  datasets,
  dataset,
  importDataset,
  datasetRule,
  datasetDiff,
] as const;
