import { isObject, type Json, type JsonObject } from "@/features/playground/request/json";
import type { Surface } from "@/features/playground/request/surfaces";

/** A part of an example that can be added and removed. */
export type Extra = "tools" | "image" | "schema";
export const EXTRAS: readonly { id: Extra; name: string }[] = [
  { id: "tools", name: "Tools" },
  { id: "image", name: "Image" },
  { id: "schema", name: "Schema" },
];

/** Returns whether a body has such a part. */
export function hasExtra(surface: Surface, body: JsonObject, extra: Extra): boolean {
  if (extra === "image") return surface.image ? indexOfImage(surface, body) >= 0 : false;
  const place = surface[extra];
  return place ? place.member in body : false;
}

/** Returns the body with or without the part. */
export function withExtra(
  surface: Surface,
  body: JsonObject,
  extra: Extra,
  wanted: boolean,
): JsonObject {
  if (extra === "image") return withImage(surface, body, wanted);
  const place = surface[extra];
  if (!place) return body;
  const rest = without(body, place.member);
  return wanted ? { ...rest, [place.member]: place.value } : rest;
}

/** Sets the model and whether to stream, where the format has them in the body. */
export function withChoice(
  surface: Surface,
  body: JsonObject,
  model: string,
  stream: boolean,
): JsonObject {
  if (surface.byPath) return body;
  const streamed: JsonObject = stream && surface.streams ? { stream: true } : {};
  return { model, ...streamed, ...without(body, "model", "stream") };
}

function without(body: JsonObject, ...members: string[]): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !members.includes(name)));
}

function withImage(surface: Surface, body: JsonObject, wanted: boolean): JsonObject {
  const place = surface.image;
  const parts = partsOf(surface, body);
  if (!place || !parts) return body;
  const messages = body[place.messages] as Json[];
  const at = indexOfImage(surface, body);
  const changed = wanted ? [...parts, place.value] : parts.filter((_, index) => index !== at);
  const first = { ...(messages[0] as JsonObject), [place.parts]: changed };
  return { ...body, [place.messages]: [first, ...messages.slice(1)] };
}

function indexOfImage(surface: Surface, body: JsonObject): number {
  const kind = surface.image?.value;
  const type = kind && (kind["type"] ?? "inlineData");
  return (partsOf(surface, body) ?? []).findIndex(
    (part) => isObject(part) && (part["type"] === type || (!part["type"] && "inlineData" in part)),
  );
}

/** The parts of the first message; undefined if the body has another shape. */
function partsOf(surface: Surface, body: JsonObject): Json[] | undefined {
  const messages = surface.image && body[surface.image.messages];
  const first = Array.isArray(messages) ? messages[0] : undefined;
  const parts = isObject(first) && surface.image ? first[surface.image.parts] : undefined;
  return Array.isArray(parts) ? parts : undefined;
}
