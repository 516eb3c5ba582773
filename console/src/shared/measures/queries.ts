import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { boundsOf, type RangeSearch } from "@/shared/timeRange";

/** Calls that are measured together, such as those of an arm. */
export type SliceFilter = RangeSearch &
  Partial<Record<"use_case" | "environment" | "release" | "arm" | "prompt_version", string[]>>;

export type ScoreMeasures = Schemas["ScoreMeasuresView"];

const REFRESH_MS = 20_000;

function queryOf(filter: SliceFilter, project_id: string) {
  const { range, from, to, ...dimensions } = filter;
  return { ...dimensions, ...boundsOf({ range, from, to }, Date.now()), project_id };
}

/** The scores of calls, by name. */
export const sliceScoresQuery = (projectId: string, filter: SliceFilter) =>
  queryOptions({
    queryKey: ["scores", projectId, "slice", filter],
    queryFn: async () => {
      const query = queryOf(filter, projectId);
      return (await data(api.GET("/api/v1/scores/measures", { params: { query } }))).items;
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });

/** The mean of one score over time, by the start of each bucket (Unix milliseconds). */
export const scoreSeriesQuery = (
  projectId: string,
  filter: SliceFilter,
  name: string,
  bucket_s: number,
) =>
  queryOptions({
    queryKey: ["scores", projectId, "series", filter, name, bucket_s],
    queryFn: async () => {
      const query = { ...queryOf(filter, projectId), name: [name], by: "time" as const, bucket_s };
      const found = await data(api.GET("/api/v1/scores/measures", { params: { query } }));
      return new Map(found.items.map(({ by, mean }) => [Number(by) * 1000, mean]));
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });

/** Whether a score is a number of which the mean says something. */
export function isMeasured({ mean, kind }: ScoreMeasures): boolean {
  return mean !== null && kind !== "outcome";
}
