import { useQuery } from "@tanstack/react-query";

import { oldestCall, shortestPreset } from "@/features/overview/autoRange";
import type { Schemas } from "@/shared/api/client";
import { latestCallQuery, overviewQuery } from "@/shared/calls/queries";
import { useProjectId } from "@/shared/session";
import { DEFAULT_PRESET, type Preset, type RangeSearch } from "@/shared/timeRange";

/** The range of the overview: the selected one, else the shortest preset that contains the calls of
 * the last 24 hours, or the latest call if that is older. `undefined` while loading. */
export function useOverviewRange(selected: RangeSearch): RangeSearch | undefined {
  const isSelected = Boolean(selected.range ?? selected.from);
  const preset = useAutoPreset(!isSelected);
  if (isSelected) return selected;
  return preset && { range: preset };
}

function useAutoPreset(enabled: boolean): Preset | undefined {
  const projectId = useProjectId();
  const day = useQuery({ ...overviewQuery(projectId, { range: "24h" }), enabled });
  const preset = presetFor(day.data, day.dataUpdatedAt);
  // The buckets of a day are too long to tell whether all calls are in the last 15 minutes.
  const inHour = enabled && preset === "1h";
  const hour = useQuery({ ...overviewQuery(projectId, { range: "1h" }), enabled: inHour });
  const latest = useQuery({ ...latestCallQuery(projectId), enabled: enabled && preset === null });
  if (day.isError || hour.isError || latest.isError || latest.data === null) return DEFAULT_PRESET;
  if (preset === "1h") return presetFor(hour.data, hour.dataUpdatedAt) ?? undefined;
  if (preset !== null) return preset;
  return latest.data && shortestPreset(Date.parse(latest.data.start), latest.dataUpdatedAt);
}

/** `undefined` while loading, `null` without calls. */
function presetFor(data: Schemas["OverviewOut"] | undefined, now: number) {
  const oldest = data && oldestCall(data.series);
  if (oldest === undefined) return data && null;
  return shortestPreset(oldest, now);
}
