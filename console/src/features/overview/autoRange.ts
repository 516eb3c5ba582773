import type { Schemas } from "@/shared/api/client";
import { PRESET_MS, PRESETS, type Preset } from "@/shared/timeRange";

/** The shortest preset that contains all calls since `oldest`; both in Unix milliseconds. */
export function shortestPreset(oldest: number, now: number): Preset {
  return PRESETS.find((preset) => now - oldest <= PRESET_MS[preset]) ?? "30d";
}

/** The start of the first bucket with calls, in Unix milliseconds. */
export function oldestCall(series: readonly Schemas["BucketOut"][]): number | undefined {
  const first = series.find((bucket) => bucket.requests > 0);
  return first && Date.parse(first.start);
}
