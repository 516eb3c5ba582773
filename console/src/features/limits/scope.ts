import type { Limit } from "@/features/limits/queries";
import { callDimension, TAG } from "@/shared/calls/conditions";
import type { CallFilter } from "@/shared/calls/search";
import { tagFilter } from "@/shared/calls/tags";

/** The filter for the calls that a limit counts; `undefined` if it cannot be written as one. */
export function callsOf(
  limit: Pick<Limit, "only" | "per">,
  values: readonly string[] = [],
): CallFilter | undefined {
  const conditions = { ...limit.only };
  limit.per.forEach((dimension, index) => {
    const value = values[index];
    if (value !== undefined) conditions[dimension] = [value];
  });
  const filter: CallFilter = {};
  for (const [dimension, wanted] of Object.entries(conditions)) {
    if (!addCondition(filter, dimension, wanted)) return undefined;
  }
  return filter;
}

function addCondition(filter: CallFilter, dimension: string, values: readonly string[]): boolean {
  if (values.includes("")) return false; // lists have no filter for calls without a value
  if (dimension.startsWith(TAG)) {
    const name = dimension.slice(TAG.length);
    filter.tag = [...(filter.tag ?? []), ...values.map((value) => tagFilter(name, value))];
    return true;
  }
  if (dimension === "model") return addModel(filter, values);
  const name = callDimension(dimension);
  if (name) filter[name] = [...values];
  return name !== undefined;
}

/** One `provider/model` without a pattern. */
function addModel(filter: CallFilter, values: readonly string[]): boolean {
  const [provider = "", ...model] = (values[0] ?? "").split("/");
  if (values.length !== 1 || model.length === 0 || values[0]?.includes("*")) return false;
  filter.provider = [provider];
  filter.model = [model.join("/")];
  return true;
}
