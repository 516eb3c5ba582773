import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";

const PATH = "/api/v1/projects/{project_id}/annotation/queues/{name}/evaluator" as const;

/** A judge that asks the question of a queue. `item_id`: of the item whose remarks it gets, too. */
export const queueJudgeQuery = (project_id: string, name: string, model: string, item_id: string) =>
  queryOptions({
    queryKey: ["annotation", project_id, "queue", name, "judge", model, item_id],
    queryFn: () => {
      const params = { path: { project_id, name }, query: { model, item_id } };
      return data(api.GET(PATH, { params }));
    },
    enabled: name !== "" && model !== "",
    retry: false,
  });
