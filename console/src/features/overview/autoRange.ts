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
    queryFn: ({ client }) => findPreset(client, projectId, "24h"),
    refetchInterval: REFRESH_MS,
  });
}

/** Searches again in each shorter preset, because its buckets are shorter, too. */
async function findPreset(client: QueryClient, projectId: string, within: Preset): Promise<Preset> {
  const { series } = await client.query(overviewQuery(projectId, { range: within }));
  const oldest = oldestCall(series) ?? (await latestCall(client, projectId));
  if (oldest === undefined) return within;
  const preset = shortestPreset(oldest, Date.now());
  const isShorter = PRESET_MS[preset] < PRESET_MS[within];
  return isShorter ? findPreset(client, projectId, preset) : preset;
}

async function latestCall(client: QueryClient, projectId: string): Promise<number | undefined> {
  const latest = await client.query(latestCallQuery(projectId));
  return latest ? Date.parse(latest.start) : undefined;
}
