import { createRoute } from "@tanstack/react-router";

import { project } from "@/app/baseRoutes";
import { DryRunPage } from "@/features/dryRun/DryRunPage";
import { PlaygroundPage } from "@/features/playground/PlaygroundPage";
import { RequestPage } from "@/features/playground/request/RequestPage";
import { parsePlaygroundSearch } from "@/features/playground/search";
import { AddPromptPage } from "@/features/prompts/AddPromptPage";
import { EditPromptPage } from "@/features/prompts/EditPromptPage";
import { PromptPage } from "@/features/prompts/PromptPage";
import { PromptsPage } from "@/features/prompts/PromptsPage";
import { parsePromptSearch, parsePromptsSearch } from "@/features/prompts/search";

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

/** The pages of prompts, the playground and dry runs. */
export const promptRoutes = [
  prompts,
  addPrompt,
  prompt,
  editPrompt,
  playground,
  requestTester,
  dryRun,
] as const;
