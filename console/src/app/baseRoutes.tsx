import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, Outlet, redirect } from "@tanstack/react-router";

import { chooseProject, requireSession } from "@/app/guard";
import { Shell } from "@/app/Shell";
import { InvitationPage } from "@/features/session/InvitationPage";
import { SignInPage } from "@/features/session/SignInPage";

export const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Outlet });

export const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>) =>
    typeof search["to"] === "string" ? { to: search["to"] } : {},
  component: SignInPage,
});

export const invitation = createRoute({
  getParentRoute: () => root,
  path: "/invitation",
  component: InvitationPage,
});

export const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  beforeLoad: ({ context, location }) => requireSession(context.queries, location.href),
  component: Outlet,
});

export const home = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  beforeLoad: async ({ context }) => {
    const projectId = await chooseProject(context.queries);
    redirect({ to: "/projects/$projectId", params: { projectId }, replace: true, throw: true });
  },
});

export const project = createRoute({
  getParentRoute: () => signedIn,
  path: "/projects/$projectId",
  component: Shell,
});
