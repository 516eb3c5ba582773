import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { requestOf, type ShortlistSearch } from "@/features/models/shortlist/form";
import { api, data, type Schemas } from "@/shared/api/client";

export type Shortlist = Schemas["ShortlistView"];
export type RankedModel = Schemas["RankedModelView"];
export type Finding = Schemas["FindingView"];

/** The models that meet constraints. */
export const shortlistQuery = (project_id: string, search: ShortlistSearch) =>
  queryOptions({
    queryKey: ["models", project_id, "shortlist", search],
    queryFn: () =>
      data(
        api.POST("/api/v1/projects/{project_id}/models/shortlist", {
          params: { path: { project_id } },
          body: requestOf(search),
        }),
      ),
    placeholderData: keepPreviousData,
    retry: false,
  });
