import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { shortHash } from "@/shared/releases/arms";

export type DatasetFigures = Schemas["DatasetFiguresView"];
export type TargetFigure = Schemas["TargetFiguresView"];
export type FigurePoint = Schemas["FigurePointView"];

/** A metric of all targets that were measured on a dataset. `metric` empty: the first one. */
export const figuresQuery = (project_id: string, dataset: string, metric: string) =>
  queryOptions({
    queryKey: ["evaluations", project_id, "figures", dataset, metric],
    queryFn: () => {
      const params = { path: { project_id }, query: { dataset, metric } };
      return data(api.GET("/api/v1/projects/{project_id}/evaluations/figures", { params }));
    },
    enabled: dataset !== "",
    placeholderData: keepPreviousData,
  });

/** What a target is called: the label of its runs, its model, or the begin of its hash. */
export function targetName({ label, model, release }: TargetFigure): string {
  if (label) return label;
  return release ? [model, shortHash(release).slice(0, 8)].filter(Boolean).join(" ") : "recorded";
}
