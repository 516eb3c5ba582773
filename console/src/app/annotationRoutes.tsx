import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { project } from "@/app/baseRoutes";

const queues = createRoute({
  getParentRoute: () => project,
  path: "/annotation",
  component: lazyRouteComponent(() => import("@/features/annotation/QueuesPage"), "QueuesPage"),
});
const queue = createRoute({
  getParentRoute: () => project,
  path: "/annotation/$name",
  component: lazyRouteComponent(() => import("@/features/annotation/QueuePage"), "QueuePage"),
});
const review = createRoute({
  getParentRoute: () => project,
  path: "/annotation/$name/review",
  component: lazyRouteComponent(() => import("@/features/annotation/ReviewPage"), "ReviewPage"),
});
const rule = createRoute({
  getParentRoute: () => project,
  path: "/annotation/$name/_rule",
  component: lazyRouteComponent(() => import("@/features/annotation/rules/RulePage"), "RulePage"),
});

/** The pages of annotation. */
export const annotationRoutes = [queues, queue, review, rule] as const;
