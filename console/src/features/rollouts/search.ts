import { parseRange, PRESET_MS, PRESETS, type Preset, type RangeSearch } from "@/shared/timeRange";

export const parseRolloutSearch = (search: Record<string, unknown>): RangeSearch =>
  parseRange(search);

/** The shortest preset that contains a moment; the longest one for an older moment. */
export function presetSince(at: string, now: number): Preset {
  const age = now - Date.parse(at);
  return PRESETS.find((preset) => PRESET_MS[preset] >= age) ?? "30d";
}

export interface RolloutsSearch {
  q?: string | undefined;
  environment?: string | undefined;
}

export function parseRolloutsSearch(search: Record<string, unknown>): RolloutsSearch {
  const { q, environment } = search;
  return {
    ...(typeof q === "string" && q ? { q } : {}),
    ...(typeof environment === "string" && environment ? { environment } : {}),
  };
}
