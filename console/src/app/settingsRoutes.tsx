import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { project } from "@/app/baseRoutes";

const webhooks = createRoute({
  getParentRoute: () => project,
  path: "/webhooks",
  component: lazyRouteComponent(() => import("@/features/webhooks/WebhooksPage"), "WebhooksPage"),
});

/** The pages of what a project tells other systems. */
export const settingsRoutes = [webhooks] as const;
