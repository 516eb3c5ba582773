import type { Schemas } from "@/shared/api/client";
import { formatCount } from "@/shared/format/number";

export type Message = Schemas["SpanMessage"];
export type MessagePart = Message["parts"][number];

/** A message part prepared for display. `text` is plain text, `json` is data. */
export interface DisplayPart {
  kind: "text" | "reasoning" | "refusal" | "tool call" | "tool result" | "media" | "other";
  title?: string;
  id?: string;
  text?: string;
  json?: unknown;
  /** Of a tool's result: its parts, if it has several. */
  parts?: DisplayPart[];
  isError?: boolean;
  sources?: readonly Source[];
  /** Of inline media: their type. */
  mimeType?: string;
}

export interface Source {
  url?: string;
  title?: string;
  cited_text?: string;
}

/** Prepares a part for display; a part of an unknown type stays as it is. */
export function displayPart(part: MessagePart): DisplayPart {
  switch (part.type) {
    case "text":
      return { ...displayText(toText(part.content)), ...sourcesOf(part) };
    case "reasoning":
    case "refusal":
      return { kind: part.type, text: toText(part.content) };
    case "tool_call":
      return { kind: "tool call", title: part.name, id: toText(part.id), json: part.arguments };
    case "tool_call_response":
      return displayResult(part);
    case "uri":
      return displayMedia(part);
    case "file":
      return { kind: "media", title: part.modality, text: part.file_id };
    case "token_ids":
      return { kind: "text", text: `${formatCount(part.count)} token IDs` };
    case "unparsed":
    case "cut":
      return { kind: "other", title: part.type, json: part.content };
    default:
      return displayUnknown(part);
  }
}

/** Several parts of a result are shown as parts; those of OpenAI's format stay data. */
function displayResult(part: Extract<MessagePart, { type: "tool_call_response" }>): DisplayPart {
  const result = {
    kind: "tool result" as const,
    id: toText(part.id),
    ...(part.is_error ? { isError: true } : {}),
  };
  const response: unknown = part.response;
  return isParts(response)
    ? { ...result, parts: response.map(displayPart) }
    : { ...result, json: parseJson(response) };
}

function displayMedia(part: Extract<MessagePart, { type: "uri" }>): DisplayPart {
  const media: DisplayPart = { kind: "media", title: part.modality, text: part.uri };
  return part.mime_type ? { ...media, mimeType: part.mime_type } : media;
}

function isParts(value: unknown): value is MessagePart[] {
  return Array.isArray(value) && value.length > 0 && value.every(isPart);
}

function isPart(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && !("text" in value);
}

function sourcesOf({ citations }: { citations?: Source[] }): Pick<DisplayPart, "sources"> {
  return citations && citations.length > 0 ? { sources: citations } : {};
}

/** A newer server may send types that this console does not know. */
function displayUnknown(part: { type: string }): DisplayPart {
  return { kind: "other", title: part.type, json: part };
}

/** Text that is a JSON object or list (structured output) becomes data. */
function displayText(text: string): DisplayPart {
  const value = /^\s*[[{]/.test(text) ? parseJson(text) : text;
  return typeof value === "string" ? { kind: "text", text } : { kind: "text", text, json: value };
}

/** Parses text as JSON if possible: tool results are often JSON in a string. */
function parseJson(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function toText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
