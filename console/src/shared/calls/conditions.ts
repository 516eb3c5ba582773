import { CALL_ATTRIBUTES } from "@/shared/calls/attributes";
import type { Dimension } from "@/shared/calls/search";

export const TAG = "tag:";

/** What conditions look at, besides tags. */
export const CONDITION_DIMENSIONS: readonly { value: string; label: string }[] = [
  { value: "key", label: "Key" },
  { value: "provider", label: "Provider" },
  { value: "model", label: "Model" },
  ...CALL_ATTRIBUTES.map(({ name, label }) => ({ value: name, label })),
];

/** The name of a dimension on pages: `Team`, `Tag plan`. */
export function dimensionLabel(dimension: string): string {
  if (dimension.startsWith(TAG)) return `Tag ${dimension.slice(TAG.length)}`;
  return CONDITION_DIMENSIONS.find(({ value }) => value === dimension)?.label ?? dimension;
}

/** The dimension of lists of calls that has the same values, if there is one. */
export function callDimension(dimension: string): Dimension | undefined {
  if (dimension === "key") return "key_id";
  if (dimension === "model" || dimension.startsWith(TAG)) return undefined;
  return dimension as Dimension;
}

/** A value that a call must have; several of one dimension are alternatives. `id` is unique in the
 * form, `tag` the name of a tag if the dimension is `tag:`. */
export interface ConditionForm {
  id: number;
  dimension: string;
  tag: string;
  value: string;
}

/** Values by dimension as rows of a form. */
export function conditionsForm(only: Record<string, readonly string[]>): ConditionForm[] {
  const conditions = Object.entries(only).flatMap(([dimension, values]) =>
    values.map((value) => ({ dimension, value })),
  );
  return conditions.map(({ dimension, value }, id) => ({ id, ...splitTag(dimension), value }));
}

/** Rows of a form as values by dimension. */
export function conditionsOf(only: readonly ConditionForm[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { dimension, tag, value } of only) {
    const name = dimension === TAG ? TAG + tag.trim() : dimension;
    found[name] = [...(found[name] ?? []), value.trim()];
  }
  return found;
}

/** Adds a row without a value. */
export function addCondition(only: readonly ConditionForm[]): ConditionForm[] {
  const id = Math.max(-1, ...only.map((each) => each.id)) + 1;
  return [...only, { id, dimension: only.at(-1)?.dimension ?? "team", tag: "", value: "" }];
}

function splitTag(dimension: string): Pick<ConditionForm, "dimension" | "tag"> {
  if (!dimension.startsWith(TAG)) return { dimension, tag: "" };
  return { dimension: TAG, tag: dimension.slice(TAG.length) };
}
