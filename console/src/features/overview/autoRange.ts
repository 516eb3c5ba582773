import { queryOptions, type QueryClient } from "@tanstack/react-query";

import type { Schemas } from "@/shared/api/client";
import { latestCallQuery, overviewQuery } from "@/shared/calls/queries";
import { PRESET_MS, PRESETS, type Preset } from "@/shared/timeRange";

const REFRESH_MS = 15_000;

/** The shortest preset that contains all calls since `oldest`; both in Unix milliseconds. */
export function shortestPreset(oldest: number, now: number): Preset {
  return PRESETS.find((preset) => now - oldest <= PRESET_MS[preset]) ?? "30d";
}

/** The start of the first bucket with calls, in Unix milliseconds. */
export function oldestCall(series: readonly Schemas["BucketOut"][]): number | undefined {
  const first = series.find((bucket) => bucket.requests > 0);
  return first && Date.parse(first.start);
}

/** The shortest preset that contains the calls of the last 24 hours, or the latest call if that is
 * older. */
export function autoPresetQuery(projectId: string) {
  return queryOptions({
    queryKey: ["auto-preset", projectId],
    queryFn: async ({ client }) => {
      const day = await client.query(overviewQuery(projectId, { range: "24h" }));
      const oldest = oldestCall(day.series);
      const from =
        oldest === undefined
          ? await latestCall(client, projectId)
          : await refine(client, projectId, oldest, day.bucket_s * 1000);
      return from === undefined ? "24h" : shortestPreset(from, Date.now());
    },
    refetchInterval: REFRESH_MS,
  });
}

/** The oldest call of a bucket more exactly, if a part of the bucket fits a shorter preset. */
async function refine(client: QueryClient, projectId: string, start: number, bucketMs: number) {
  const now = Date.now();
  if (shortestPreset(start, now) === shortestPreset(start + bucketMs, now)) return start;
  const bounds = {
    from: new Date(start).toISOString(),
    to: new Date(start + bucketMs).toISOString(),
  };
  const bucket = await client.query(overviewQuery(projectId, bounds));
  return oldestCall(bucket.series) ?? start;
}

async function latestCall(client: QueryClient, projectId: string): Promise<number | undefined> {
  const latest = await client.query(latestCallQuery(projectId));
  return latest ? Date.parse(latest.start) : undefined;
}
