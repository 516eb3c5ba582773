/** A message of a conversation, as in OpenTelemetry's GenAI conventions. */
export interface Message {
  role: string;
  name?: string;
  parts: Part[];
  finish_reason?: string;
}

/** One part, prepared for display. `text` is plain text, `json` is data. */
export interface Part {
  kind: "text" | "reasoning" | "refusal" | "tool call" | "tool result" | "media" | "other";
  title?: string;
  id?: string;
  text?: string;
  json?: unknown;
}

/** Reads the messages of a span; unknown parts stay as they are. */
export function readMessages(raw: readonly Record<string, unknown>[] | null): Message[] {
  return (raw ?? []).map((message) => ({
    role: toText(message["role"]) || "unknown",
    ...(message["name"] ? { name: toText(message["name"]) } : {}),
    ...(message["finish_reason"] ? { finish_reason: toText(message["finish_reason"]) } : {}),
    parts: toRecords(message["parts"]).map(readPart),
  }));
}

function readPart(part: Record<string, unknown>): Part {
  switch (part["type"]) {
    case "text":
      return readText(toText(part["content"]));
    case "reasoning":
      return { kind: "reasoning", text: toText(part["content"]) };
    case "refusal":
      return { kind: "refusal", text: toText(part["content"]) };
    case "tool_call":
      return {
        kind: "tool call",
        title: toText(part["name"]),
        id: toText(part["id"]),
        json: part["arguments"],
      };
    case "tool_call_response":
      return { kind: "tool result", id: toText(part["id"]), json: parseJson(part["response"]) };
    case "uri":
    case "file":
      return { kind: "media", title: toText(part["modality"]), text: mediaOf(part) };
    default:
      return { kind: "other", title: toText(part["type"]), json: part["content"] ?? part };
  }
}

/** Text that is a JSON object or list (structured output) becomes data. */
function readText(text: string): Part {
  const value = /^\s*[[{]/.test(text) ? parseJson(text) : text;
  return typeof value === "string" ? { kind: "text", text } : { kind: "text", text, json: value };
}

function mediaOf(part: Record<string, unknown>): string {
  return toText(part["uri"]) || toText(part["file_id"]);
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

function toRecords(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}
