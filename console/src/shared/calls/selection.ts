import { conditionsForm, conditionsOf, TAG, type ConditionForm } from "@/shared/calls/conditions";
import { DIMENSION_NAMES, DIMENSIONS, type CallFilter } from "@/shared/calls/search";
import { tagFilter } from "@/shared/calls/tags";

/** Selects recorded calls: allowed values by dimension and by tag. */
export interface CallSelection {
  only: Record<string, string[]>;
  tags: Record<string, string[]>;
}

/** What selections of calls look at, besides tags. */
export const SELECTION_DIMENSIONS = DIMENSIONS.filter(
  (name) => name !== "status" && name !== "tag",
).map((value) => ({ value, label: DIMENSION_NAMES[value] }));

/** A selection as rows of a form. */
export function selectionForm({ only, tags }: CallSelection): ConditionForm[] {
  const named = Object.entries(tags).map(([name, values]) => [TAG + name, values] as const);
  return conditionsForm({ ...only, ...Object.fromEntries(named) });
}

/** Rows of a form as a selection. Rows without a value are left out. */
export function selectionOf(rows: readonly ConditionForm[]): CallSelection {
  const selection: CallSelection = { only: {}, tags: {} };
  const complete = rows.filter(({ value }) => value.trim());
  for (const [name, values] of Object.entries(conditionsOf(complete))) {
    if (name.startsWith(TAG)) selection.tags[name.slice(TAG.length)] = values;
    else selection.only[name] = values;
  }
  return selection;
}

/** The filter of lists of calls that finds what a selection finds. */
export function filterOfSelection({ only, tags }: CallSelection, text: string): CallFilter {
  const tag = Object.entries(tags).flatMap(([name, values]) =>
    values.map((value) => tagFilter(name, value)),
  );
  return { ...only, ...(tag.length > 0 && { tag }), ...(text && { q: text }) };
}

/** The selection that finds what a filter of lists of calls finds, as far as it can. */
export function selectionOfFilter(filter: CallFilter): CallSelection {
  const selection: CallSelection = { only: {}, tags: {} };
  for (const dimension of DIMENSIONS) {
    const values = filter[dimension];
    if (values && dimension !== "tag") selection.only[dimension] = values;
  }
  for (const tag of filter.tag ?? []) {
    const colon = tag.indexOf(":");
    const name = tag.slice(0, colon);
    selection.tags[name] = [...(selection.tags[name] ?? []), tag.slice(colon + 1)];
  }
  return selection;
}
