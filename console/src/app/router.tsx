import type { QueryClient } from "@tanstack/react-query";
import { createRoute, createRouter, redirect } from "@tanstack/react-router";

import { home, invitation, project, root, signedIn, signIn } from "@/app/baseRoutes";
import { annotationRoutes } from "@/app/annotationRoutes";
import { evaluationRoutes } from "@/app/evaluationRoutes";
import { modelRoutes } from "@/app/modelRoutes";
import { releaseRoutes } from "@/app/releaseRoutes";
import { settingsRoutes } from "@/app/settingsRoutes";
import { choosePage } from "@/app/guard";
import { ErrorPage, NotFoundPage } from "@/app/errors";
import { AuditPage } from "@/features/audit/AuditPage";
import { DryRunPage } from "@/features/dryRun/DryRunPage";
import { FeedbackPage } from "@/features/feedback/FeedbackPage";
import { parseFeedbackSearch } from "@/features/feedback/search";
import { GuardrailsPage } from "@/features/guardrails/GuardrailsPage";
import { AddPolicyPage, EditPolicyPage } from "@/features/guardrails/PolicyPages";
import { KeysPage } from "@/features/keys/KeysPage";
import { LimitPage } from "@/features/limits/LimitPage";
import { LimitsPage } from "@/features/limits/LimitsPage";
import { parseLimitSearch, parseLimitsSearch } from "@/features/limits/search";
import { MembersPage } from "@/features/members/MembersPage";
import { OverviewPage } from "@/features/overview/OverviewPage";
import { PlaygroundPage } from "@/features/playground/PlaygroundPage";
import { RequestPage } from "@/features/playground/request/RequestPage";
import { parsePlaygroundSearch } from "@/features/playground/search";
import { AddPromptPage } from "@/features/prompts/AddPromptPage";
import { EditPromptPage } from "@/features/prompts/EditPromptPage";
import { PromptPage } from "@/features/prompts/PromptPage";
import { PromptsPage } from "@/features/prompts/PromptsPage";
import { parsePromptSearch, parsePromptsSearch } from "@/features/prompts/search";
import { ProvidersPage } from "@/features/providers/ProvidersPage";
import { AddRoutePage } from "@/features/routes/AddRoutePage";
import { EditRoutePage } from "@/features/routes/EditRoutePage";
import { RoutePage } from "@/features/routes/RoutePage";
import { RoutesPage } from "@/features/routes/RoutesPage";
import { parseRouteSearch } from "@/features/routes/search";
import { parseTracesSearch } from "@/features/traces/search";
import { formatQueryString, parseQueryString } from "@/shared/queryString";
import { parseCallSearch } from "@/shared/calls/search";
import { TracePage } from "@/features/traces/TracePage";
import { TracesPage } from "@/features/traces/TracesPage";

const projectHome = createRoute({
  getParentRoute: () => project,
  path: "/",
  beforeLoad: async ({ context, params }) => {
    const to = await choosePage(context.queries, params.projectId);
    redirect({ to, params, replace: true, throw: true });
  },
});

const overview = createRoute({
  getParentRoute: () => project,
  path: "/overview",
  validateSearch: parseCallSearch,
  component: OverviewPage,
});

const traces = createRoute({
  getParentRoute: () => project,
  path: "/traces",
  validateSearch: parseTracesSearch,
  component: TracesPage,
});

const trace = createRoute({
  getParentRoute: () => project,
  path: "/traces/$traceId",
  validateSearch: (search: Record<string, unknown>) => ({
    ...(typeof search["tab"] === "string" ? { tab: search["tab"] } : {}),
    ...(typeof search["span"] === "string" ? { span: search["span"] } : {}),
  }),
  component: TracePage,
});

const keys = createRoute({ getParentRoute: () => project, path: "/keys", component: KeysPage });
const members = createRoute({
  getParentRoute: () => project,
  path: "/members",
  component: MembersPage,
});
const providers = createRoute({
  getParentRoute: () => project,
  path: "/providers",
  component: ProvidersPage,
});
const prompts = createRoute({
  getParentRoute: () => project,
  path: "/prompts",
  validateSearch: parsePromptsSearch,
  component: PromptsPage,
});
// No id of a prompt begins with an underscore.
const addPrompt = createRoute({
  getParentRoute: () => project,
  path: "/prompts/_new",
  component: AddPromptPage,
});
const prompt = createRoute({
  getParentRoute: () => project,
  path: "/prompts/$promptId",
  validateSearch: parsePromptSearch,
  component: PromptPage,
});
const editPrompt = createRoute({
  getParentRoute: () => project,
  path: "/prompts/$promptId/edit",
  validateSearch: parsePromptSearch,
  component: EditPromptPage,
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
const playground = createRoute({
  getParentRoute: () => project,
  path: "/playground",
  validateSearch: parsePlaygroundSearch,
  component: PlaygroundPage,
});
const requestTester = createRoute({
  getParentRoute: () => project,
  path: "/playground/request",
  component: RequestPage,
});

const dryRun = createRoute({
  getParentRoute: () => project,
  path: "/dry-run",
  validateSearch: (search: Record<string, unknown>) =>
    typeof search["model"] === "string" ? { model: search["model"] } : {},
  component: DryRunPage,
});
const feedback = createRoute({
  getParentRoute: () => project,
  path: "/feedback",
  validateSearch: parseFeedbackSearch,
  component: FeedbackPage,
});
const audit = createRoute({ getParentRoute: () => project, path: "/audit", component: AuditPage });

const tree = root.addChildren([
  signIn,
  invitation,
  signedIn.addChildren([
    home,
    project.addChildren([
      projectHome,
      overview,
      traces,
      trace,
      keys,
      members,
      providers,
      prompts,
      addPrompt,
      prompt,
      editPrompt,
      routes,
      addRoute,
      route,
      editRoute,
      limits,
      limit,
      guardrails,
      addPolicy,
      policy,
      playground,
      requestTester,
      dryRun,
      feedback,
      audit,
      ...modelRoutes,
      ...releaseRoutes,
      ...evaluationRoutes,
      ...annotationRoutes,
      ...settingsRoutes,
    ]),
  ]),
]);

/** Creates the router. Project pages are below `/projects/{id}`, so every URL can be shared. */
export function createConsoleRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    parseSearch: parseQueryString,
    stringifySearch: formatQueryString,
    defaultPreload: false,
    defaultErrorComponent: ErrorPage,
    defaultNotFoundComponent: NotFoundPage,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
