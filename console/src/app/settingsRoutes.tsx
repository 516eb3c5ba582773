import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { project } from "@/app/baseRoutes";
import { parseNotificationsSearch } from "@/features/notifications/search";

const webhooks = createRoute({
  getParentRoute: () => project,
  path: "/webhooks",
  component: lazyRouteComponent(() => import("@/features/webhooks/WebhooksPage"), "WebhooksPage"),
});

const notifications = createRoute({
  getParentRoute: () => project,
  path: "/notifications",
  validateSearch: parseNotificationsSearch,
  component: lazyRouteComponent(
    () => import("@/features/notifications/NotificationsPage"),
    "NotificationsPage",
  ),
});

const batches = createRoute({
  getParentRoute: () => project,
  path: "/batches",
  component: lazyRouteComponent(() => import("@/features/batches/BatchesPage"), "BatchesPage"),
});

/** The pages of webhooks, notifications and batches. */
export const settingsRoutes = [webhooks, notifications, batches] as const;
