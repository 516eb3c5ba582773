import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { project } from "@/app/baseRoutes";
import {
  parseCompareSearch,
  parseNewReleaseSearch,
  parseReleasesSearch,
} from "@/features/releases/search";
import { parseRolloutSearch, parseRolloutsSearch } from "@/features/rollouts/search";
import { parseUseCasesSearch } from "@/features/useCases/search";

const useCases = createRoute({
  getParentRoute: () => project,
  path: "/use-cases",
  validateSearch: parseUseCasesSearch,
  component: lazyRouteComponent(() => import("@/features/useCases/UseCasesPage"), "UseCasesPage"),
});
// No name of a use case and no hash of a release begins with an underscore.
const addUseCase = createRoute({
  getParentRoute: () => project,
  path: "/use-cases/_new",
  component: lazyRouteComponent(
    () => import("@/features/useCases/UseCaseFormPages"),
    "AddUseCasePage",
  ),
});
const useCase = createRoute({
  getParentRoute: () => project,
  path: "/use-cases/$name",
  component: lazyRouteComponent(() => import("@/features/useCases/UseCasePage"), "UseCasePage"),
});
const editUseCase = createRoute({
  getParentRoute: () => project,
  path: "/use-cases/$name/edit",
  component: lazyRouteComponent(
    () => import("@/features/useCases/UseCaseFormPages"),
    "EditUseCasePage",
  ),
});
const releases = createRoute({
  getParentRoute: () => project,
  path: "/releases",
  validateSearch: parseReleasesSearch,
  component: lazyRouteComponent(() => import("@/features/releases/ReleasesPage"), "ReleasesPage"),
});
const newRelease = createRoute({
  getParentRoute: () => project,
  path: "/releases/_new",
  validateSearch: parseNewReleaseSearch,
  component: lazyRouteComponent(
    () => import("@/features/releases/NewReleasePage"),
    "NewReleasePage",
  ),
});
const compareReleases = createRoute({
  getParentRoute: () => project,
  path: "/releases/_compare",
  validateSearch: parseCompareSearch,
  component: lazyRouteComponent(
    () => import("@/features/releases/CompareReleasesPage"),
    "CompareReleasesPage",
  ),
});
const approvals = createRoute({
  getParentRoute: () => project,
  path: "/releases/_approvals",
  component: lazyRouteComponent(() => import("@/features/releases/ApprovalsPage"), "ApprovalsPage"),
});
const release = createRoute({
  getParentRoute: () => project,
  path: "/releases/$release",
  component: lazyRouteComponent(() => import("@/features/releases/ReleasePage"), "ReleasePage"),
});
const rollouts = createRoute({
  getParentRoute: () => project,
  path: "/rollouts",
  validateSearch: parseRolloutsSearch,
  component: lazyRouteComponent(() => import("@/features/rollouts/RolloutsPage"), "RolloutsPage"),
});
const rollout = createRoute({
  getParentRoute: () => project,
  path: "/rollouts/$useCase/$environment",
  validateSearch: parseRolloutSearch,
  component: lazyRouteComponent(() => import("@/features/rollouts/RolloutPage"), "RolloutPage"),
});
const compare = createRoute({
  getParentRoute: () => project,
  path: "/rollouts/$useCase/$environment/_compare",
  component: lazyRouteComponent(() => import("@/features/rollouts/ComparePage"), "ComparePage"),
});

/** The pages of use cases, releases and rollouts. */
export const releaseRoutes = [
  useCases,
  addUseCase,
  useCase,
  editUseCase,
  releases,
  newRelease,
  compareReleases,
  approvals,
  release,
  rollouts,
  rollout,
  compare,
] as const;
