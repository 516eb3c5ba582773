import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { project } from "@/app/baseRoutes";
import { parseModelSearch } from "@/features/models/filters";
import { parseShortlistSearch } from "@/features/models/shortlist/form";

const models = createRoute({
  getParentRoute: () => project,
  path: "/models",
  validateSearch: parseModelSearch,
  component: lazyRouteComponent(() => import("@/features/models/ModelsPage"), "ModelsPage"),
});
// No name of a model begins with an underscore.
const shortlist = createRoute({
  getParentRoute: () => project,
  path: "/models/_shortlist",
  validateSearch: parseShortlistSearch,
  component: lazyRouteComponent(
    () => import("@/features/models/shortlist/ShortlistPage"),
    "ShortlistPage",
  ),
});

/** The pages of models. */
export const modelRoutes = [models, shortlist] as const;
