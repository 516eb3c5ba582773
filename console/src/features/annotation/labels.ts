import type { LabelKind, LabelSchema, Rate, ReviewedItem } from "@/features/annotation/queries";

/** A part of an output, in code points. */
export interface Span {
  start: number;
  end: number;
  value: string;
}

export interface Choice {
  value: boolean | string;
  name: string;
}

export const KINDS: Record<LabelKind, string> = {
  binary: "Yes or no",
  ordinal: "Grades",
  categorical: "Categories",
  pairwise: "Better of two",
  text: "Free text",
  spans: "Marked parts",
};

/** The choices of a schema in the order of their keys; none for free text. */
export function choicesOf({ kind, choices }: LabelSchema, swapped = false): Choice[] {
  switch (kind) {
    case "binary":
      return [
        { value: true, name: "Yes" },
        { value: false, name: "No" },
      ];
    case "pairwise":
      return [
        { value: swapped ? "second" : "first", name: "Left is better" },
        { value: swapped ? "first" : "second", name: "Right is better" },
        { value: "tie", name: "Equal" },
      ];
    case "text":
      return [];
    default:
      return choices;
  }
}

/** A label as text. `output`: that of which marked parts are. */
export function labelText(schema: LabelSchema, value: unknown, output = ""): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) return partsText(schema, value as Span[], output);
  if (typeof value !== "string") return JSON.stringify(value);
  if (schema.kind === "pairwise") return value === "tie" ? "Equal" : `Output ${value}`;
  return schema.choices.find((each) => each.value === value)?.name ?? value;
}

/** The marked parts, each with its choice. */
function partsText({ choices }: LabelSchema, spans: readonly Span[], output: string): string {
  if (spans.length === 0) return "Nothing marked";
  const points = Array.from(output);
  return spans
    .map(({ start, end, value }) => {
      const name = choices.find((each) => each.value === value)?.name ?? value;
      return `${name} “${points.slice(start, end).join("")}”`;
    })
    .join(", ");
}

/** Words with the white space after them: `start` and `end` in code points, as the server counts. */
export function wordsOf(text: string): { text: string; start: number; end: number }[] {
  let at = 0;
  return (text.match(/\s*\S+|\s+$/g) ?? []).map((word) => {
    const start = at;
    at += Array.from(word).length;
    return { text: word, start, end: at };
  });
}

/** The spans with another one; what it covers of the same choice goes into it. */
export function withSpan(spans: readonly Span[], added: Span): Span[] {
  const kept = spans.filter(({ start, end }) => end <= added.start || start >= added.end);
  return [...kept, added].sort((one, other) => one.start - other.start);
}

/** Whether a draft can be sent. */
export function isComplete(schema: LabelSchema, value: unknown): boolean {
  if (schema.kind === "spans") return Array.isArray(value);
  if (schema.kind === "text") return typeof value === "string" && value.trim() !== "";
  return value !== null && value !== undefined;
}

/** The value with which the form of an item begins. */
export function initialValue(schema: LabelSchema, item: ReviewedItem): unknown {
  const own = item.label?.state === "labelled" ? item.label.value : null;
  if (own !== null && own !== undefined) return own;
  if (schema.kind === "spans") return [];
  return schema.kind === "text" ? "" : null;
}

export function rateText(rate: Rate | null | undefined): string {
  if (!rate) return "–";
  return `${twoDigits(rate.estimate)} (${twoDigits(rate.low)} to ${twoDigits(rate.high)})`;
}

/** With a minus sign, and never a negative zero. */
function twoDigits(value: number): string {
  return value
    .toFixed(2)
    .replace(/^-0\.00$/, "0.00")
    .replace("-", "−");
}
