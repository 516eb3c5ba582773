import { type Column, type PlayMessage, ROLES, type Start } from "@/features/playground/column";
import type { Schemas } from "@/shared/api/client";

type Span = Schemas["Span"];

const PARAMETERS: Record<string, string> = {
  "gen_ai.request.temperature": "temperature",
  "gen_ai.request.top_p": "top_p",
  "gen_ai.request.max_tokens": "max_tokens",
  "gen_ai.request.seed": "seed",
  "gen_ai.request.frequency_penalty": "frequency_penalty",
  "gen_ai.request.presence_penalty": "presence_penalty",
};

/** A column with the request of a recorded call. Texts stay as they are: it has no variables. */
export function startOfSpan(span: Span): Start {
  const parameters = Object.entries(PARAMETERS).flatMap(([attribute, name]) => {
    const value = span.attributes[attribute];
    return value === undefined ? [] : [[name, value]];
  });
  const model = span.attributes["gen_ai.request.model"];
  const column: Column = {
    id: 1,
    model: typeof model === "string" ? model : "",
    messages: (span.input ?? []).map((message, index) => messageOf(message, index + 1)),
    parameters: jsonOf(Object.fromEntries(parameters)),
    tools: jsonOf(span.tools?.map(chatTool)),
    schema: "",
  };
  return { columns: [column], variables: "" };
}

function messageOf(message: Schemas["SpanMessage"], id: number): PlayMessage {
  const texts = message.parts.map((part) => {
    if ("content" in part) return textOf(part.content);
    if ("response" in part) return textOf(part.response);
    return "";
  });
  const role = ROLES.find((each) => each === message.role) ?? "user";
  return { id, role, content: texts.filter(Boolean).join("\n") };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A tool as OpenAI's format has it. */
function chatTool(tool: unknown): unknown {
  if (typeof tool !== "object" || tool === null || "function" in tool) return tool;
  const parts = Object.entries(tool).filter(([name]) => name !== "type");
  return { type: "function", function: Object.fromEntries(parts) as unknown };
}

/** A column with the content of a prompt's version. */
export function startOfVersion(
  prompt: Schemas["PromptView"],
  version: Schemas["FullVersionView"],
): Start {
  const content = version.content as Partial<Schemas["ContentBody"]>;
  // The server leaves out what is not set.
  const messages: Partial<Schemas["MessageBody"]>[] = content.messages ?? [
    { role: "user" as const, content: content.text ?? "" },
  ];
  const column: Column = {
    id: 1,
    model: "",
    messages: messages.map((each, index) => ({
      id: index + 1,
      role: ROLES.find((role) => role === each.role) ?? "user",
      content: each.content ?? "",
    })),
    parameters: jsonOf(content.parameters),
    tools: jsonOf(content.tools),
    schema: jsonOf(content.response_schema),
  };
  const values = Object.entries(content.variables ?? {}).map(([name, { default: value }]) => [
    name,
    value ?? "",
  ]);
  return {
    columns: [column],
    variables: jsonOf(Object.fromEntries(values)),
    prompt: {
      id: prompt.id,
      name: prompt.name,
      hash: version.digest,
      partials: content.partials ?? {},
    },
  };
}

function jsonOf(value: unknown): string {
  const empty = value === null || value === undefined || Object.keys(value).length === 0;
  return empty ? "" : JSON.stringify(value, null, 2);
}
