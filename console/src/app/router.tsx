import type { QueryClient } from "@tanstack/react-query";
import { createRoute, createRouter, redirect } from "@tanstack/react-router";

import { home, invitation, project, root, signedIn, signIn } from "@/app/baseRoutes";
import { annotationRoutes } from "@/app/annotationRoutes";
import { evaluationRoutes } from "@/app/evaluationRoutes";
import { modelRoutes } from "@/app/modelRoutes";
import { promptRoutes } from "@/app/promptRoutes";
import { releaseRoutes } from "@/app/releaseRoutes";
import { settingsRoutes } from "@/app/settingsRoutes";
import { trafficRoutes } from "@/app/trafficRoutes";
import { choosePage } from "@/app/guard";
import { ErrorPage, NotFoundPage } from "@/app/errors";
import { AuditPage } from "@/features/audit/AuditPage";
import { FeedbackPage } from "@/features/feedback/FeedbackPage";
import { parseFeedbackSearch } from "@/features/feedback/search";
import { KeysPage } from "@/features/keys/KeysPage";
import { MembersPage } from "@/features/members/MembersPage";
import { OverviewPage } from "@/features/overview/OverviewPage";
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
      feedback,
      audit,
      ...promptRoutes,
      ...trafficRoutes,
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
