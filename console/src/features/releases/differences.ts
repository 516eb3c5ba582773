import type { Release } from "@/shared/releases/queries";

/** A part of two releases, as text; empty: the release has none. */
export interface PartDifference {
  name: string;
  old: string;
  new: string;
}

/** The parts of two releases, without the prompt: those that differ first. */
export function partsOfBoth(old: Release, other: Release): PartDifference[] {
  const parts: PartDifference[] = [
    { name: "Model", old: old.model, new: other.model },
    ...entries("", old.parameters, other.parameters),
    ...entries("Step ", old.steps, other.steps),
    { name: "Tools", old: json(old.tools), new: json(other.tools) },
    {
      name: "Response schema",
      old: json(old.response_schema),
      new: json(other.response_schema),
    },
  ];
  const shown = parts.filter((part) => part.old || part.new);
  return shown.sort((one, another) => Number(isEqual(one)) - Number(isEqual(another)));
}

export function isEqual(part: PartDifference): boolean {
  return part.old === part.new;
}

function entries(
  prefix: string,
  old: Record<string, unknown>,
  other: Record<string, unknown>,
): PartDifference[] {
  const names = [...new Set([...Object.keys(old), ...Object.keys(other)])].sort();
  return names.map((name) => ({
    name: prefix + name,
    old: text(old[name]),
    new: text(other[name]),
  }));
}

function text(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function json(value: unknown): string {
  const isEmpty = value === null || (Array.isArray(value) && value.length === 0);
  return isEmpty ? "" : JSON.stringify(value, null, 2);
}
