/** A message of a conversation as the API has it: OpenTelemetry's GenAI messages. */
export interface Message {
  role: string;
  name?: string;
  parts: Part[];
  finish_reason?: string;
}

/** One part, as a person reads it. `text` is prose, `json` is data. */
export interface Part {
  kind: "text" | "reasoning" | "refusal" | "tool call" | "tool result" | "media" | "other";
  title?: string;
  id?: string;
  text?: string;
  json?: unknown;
}

/** The messages of a span; whatever is not understood is shown as it came. */
export function readMessages(raw: readonly Record<string, unknown>[] | null): Message[] {
  return (raw ?? []).map((message) => ({
    role: asText(message["role"]) || "unknown",
    ...(message["name"] ? { name: asText(message["name"]) } : {}),
    ...(message["finish_reason"] ? { finish_reason: asText(message["finish_reason"]) } : {}),
    parts: asRecords(message["parts"]).map(readPart),
  }));
}

function readPart(part: Record<string, unknown>): Part {
  switch (part["type"]) {
    case "text":
      return readText(asText(part["content"]));
    case "reasoning":
      return { kind: "reasoning", text: asText(part["content"]) };
    case "refusal":
      return { kind: "refusal", text: asText(part["content"]) };
    case "tool_call":
      return {
        kind: "tool call",
        title: asText(part["name"]),
        id: asText(part["id"]),
        json: part["arguments"],
      };
    case "tool_call_response":
      return { kind: "tool result", id: asText(part["id"]), json: parsed(part["response"]) };
    case "uri":
    case "file":
      return { kind: "media", title: asText(part["modality"]), text: mediaOf(part) };
    default:
      return { kind: "other", title: asText(part["type"]), json: part["content"] ?? part };
  }
}

/** Text that is an object or a list in JSON (structured answers) is data, too. */
function readText(text: string): Part {
  const value = /^\s*[[{]/.test(text) ? parsed(text) : text;
  return typeof value === "string" ? { kind: "text", text } : { kind: "text", text, json: value };
}

function mediaOf(part: Record<string, unknown>): string {
  return asText(part["uri"]) || asText(part["file_id"]);
}

/** What a tool gave back is JSON in text more often than not. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

function asRecords(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}
