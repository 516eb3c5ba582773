import { infiniteQueryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { boundsOf } from "@/shared/timeRange";
import { useProjectId } from "@/shared/session";
import type { FeedbackSearch } from "@/features/feedback/search";

export type Feedback = Schemas["ScoreView"];
export type FeedbackStatus = Schemas["HandlingStatus"];

const PAGE_SIZE = 50;

const feedbackKeys = { of: (projectId: string) => ["feedback", projectId] as const };

/** Feedback that matches the filters, newest first, page by page. */
export const feedbackQuery = (projectId: string, search: FeedbackSearch) =>
  infiniteQueryOptions({
    queryKey: [...feedbackKeys.of(projectId), search],
    queryFn: ({ pageParam: cursor }) => {
      const bounds = boundsOf({ ...search, range: search.range ?? "7d" }, Date.now());
      const query = { ...bounds, ...parametersOf(search), cursor, limit: PAGE_SIZE };
      const params = { path: { project_id: projectId }, query };
      return data(api.GET("/api/v1/projects/{project_id}/feedback", { params }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** The query parameters of the filters. */
export function parametersOf(search: FeedbackSearch) {
  const { status, rating, name, use_case, release, prompt_version, q, mine } = search;
  return {
    ...(status && status !== "all" ? { status: [status] } : {}),
    ...(rating ? { positive: rating === "positive" } : {}),
    ...(name ? { name: [name] } : {}),
    ...(use_case ? { use_case: [use_case] } : {}),
    ...(release ? { release: [release] } : {}),
    ...(prompt_version ? { prompt_version: [prompt_version] } : {}),
    ...(q ? { q } : {}),
    ...(mine ? { assignee: mine } : {}),
  };
}

interface Handling {
  feedback: Feedback;
  status: FeedbackStatus;
  assignee: string;
}

/** Sets status and assignee. */
export function useHandleFeedback() {
  const project_id = useProjectId();
  return useApiMutation({
    run: ({ feedback, ...body }: Handling) => {
      const path = { project_id, feedback_id: feedback.id };
      return data(
        api.PUT("/api/v1/projects/{project_id}/feedback/{feedback_id}", { params: { path }, body }),
      );
    },
    invalidates: [feedbackKeys.of(project_id)],
    errorToast: true,
  });
}
