import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";

/** The email addresses of the first members of a project. */
export const memberEmailsQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["member-emails", projectId],
    queryFn: async () => {
      const params = { path: { project_id: projectId }, query: { limit: 200 } };
      const page = await data(api.GET("/api/v1/projects/{project_id}/members", { params }));
      return page.items.map((member) => member.email).sort();
    },
    staleTime: 60_000,
  });
