import { createRoute } from "@tanstack/react-router";

import { project } from "@/app/baseRoutes";
import { GuardrailsPage } from "@/features/guardrails/GuardrailsPage";
import { AddPolicyPage, EditPolicyPage } from "@/features/guardrails/PolicyPages";
import { LimitPage } from "@/features/limits/LimitPage";
import { LimitsPage } from "@/features/limits/LimitsPage";
import { parseLimitSearch, parseLimitsSearch } from "@/features/limits/search";
import { ProvidersPage } from "@/features/providers/ProvidersPage";
import { AddRoutePage } from "@/features/routes/AddRoutePage";
import { EditRoutePage } from "@/features/routes/EditRoutePage";
import { RoutePage } from "@/features/routes/RoutePage";
import { RoutesPage } from "@/features/routes/RoutesPage";
import { parseRouteSearch } from "@/features/routes/search";

const providers = createRoute({
  getParentRoute: () => project,
  path: "/providers",
  component: ProvidersPage,
});
const routes = createRoute({
  getParentRoute: () => project,
  path: "/routes",
  component: RoutesPage,
});
// No name of a route begins with an underscore.
const addRoute = createRoute({
  getParentRoute: () => project,
  path: "/routes/_new",
  component: AddRoutePage,
});
const route = createRoute({
  getParentRoute: () => project,
  path: "/routes/$name",
  validateSearch: parseRouteSearch,
  component: RoutePage,
});
const editRoute = createRoute({
  getParentRoute: () => project,
  path: "/routes/$name/edit",
  component: EditRoutePage,
});
const limits = createRoute({
  getParentRoute: () => project,
  path: "/limits",
  validateSearch: parseLimitsSearch,
  component: LimitsPage,
});
const limit = createRoute({
  getParentRoute: () => project,
  path: "/limits/$limitId",
  validateSearch: parseLimitSearch,
  component: LimitPage,
});
const guardrails = createRoute({
  getParentRoute: () => project,
  path: "/guardrails",
  component: GuardrailsPage,
});
// No id of a policy begins with an underscore.
const addPolicy = createRoute({
  getParentRoute: () => project,
  path: "/guardrails/_new",
  component: AddPolicyPage,
});
const policy = createRoute({
  getParentRoute: () => project,
  path: "/guardrails/$policyId",
  component: EditPolicyPage,
});

/** The pages of providers, routes, limits and guardrails. */
export const trafficRoutes = [
  providers,
  routes,
  addRoute,
  route,
  editRoute,
  limits,
  limit,
  guardrails,
  addPolicy,
  policy,
] as const;
