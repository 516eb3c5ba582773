import type { Check } from "@/features/guardrails/queries";
import type { Tone } from "@/shared/ui/Badge";

export type Place = Check["places"][number];
export type Action = Check["action"];

/** Where a check can look, in the order in which a call passes them. */
export const PLACES: readonly { value: Place; name: string; title: string }[] = [
  { value: "input", name: "Input", title: "what the caller sends" },
  { value: "context", name: "Context", title: "documents that were retrieved" },
  { value: "tool_arguments", name: "Tool arguments", title: "in requests and answers" },
  { value: "tool_results", name: "Tool results", title: "what tools returned" },
  { value: "output", name: "Output", title: "what the model answers" },
];

/** What a finding does, the mildest first. */
export const ACTIONS: readonly { value: Action; name: string; sentence: string; tone: Tone }[] = [
  { value: "flag", name: "Flag", sentence: "It is recorded.", tone: "neutral" },
  { value: "redact", name: "Redact", sentence: "A placeholder replaces it.", tone: "warn" },
  { value: "block", name: "Block", sentence: "The call ends with an error.", tone: "danger" },
];

export function placeName(place: Place): string {
  return PLACES.find(({ value }) => value === place)?.name ?? place;
}

export function actionOf(action: Action) {
  return ACTIONS.find(({ value }) => value === action) ?? ACTIONS[0];
}
