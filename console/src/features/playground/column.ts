import type { Schemas } from "@/shared/api/client";

export const ROLES = ["system", "developer", "user", "assistant"] as const;
export type MessageRole = (typeof ROLES)[number];

export interface PlayMessage {
  id: number;
  role: MessageRole;
  content: string;
}

/** One column: a prompt, a model and its parameters. JSON parts are texts as they are typed. */
export interface Column {
  id: number;
  model: string;
  messages: PlayMessage[];
  parameters: string;
  tools: string;
  schema: string;
}

/** What a column starts from. */
export interface Start {
  columns: Column[];
  variables: string;
  /** The prompt that a column is saved to. */
  prompt?: { id: string; name: string; hash: string; partials: Record<string, string> };
}

export const EMPTY_START: Start = {
  columns: [
    {
      id: 1,
      model: "",
      messages: [{ id: 1, role: "user", content: "What is a {{ thing }}?" }],
      parameters: "",
      tools: "",
      schema: "",
    },
  ],
  variables: '{ "thing": "penstock" }',
};

/** Parses a JSON part of a column; `undefined` if it is empty. Throws with the name of the part. */
export function parsePart(name: string, text: string): unknown {
  if (!text.trim()) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : "not JSON"}`, {
      cause: error,
    });
  }
}

/** Parses the values of the variables. */
export function parseValues(text: string): Record<string, unknown> {
  return parseObject("Variables", text) ?? {};
}

function parseObject(name: string, text: string): Record<string, unknown> | undefined {
  const found = parsePart(name, text);
  if (found === undefined) return undefined;
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw new Error(`${name}: write a JSON object.`);
  }
  return found as Record<string, unknown>;
}

function typeOf(value: unknown): Schemas["VariableType"] {
  if (Array.isArray(value)) return "list";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "object" ? "object" : "string";
}

/** The content of a prompt version with the parts of a column. The variables are those of `values`. */
export function contentOf(
  column: Column,
  values: Record<string, unknown>,
  partials: Record<string, string> = {},
): Schemas["ContentBody"] {
  const tools = parsePart("Tools", column.tools);
  const schema = parseObject("Response schema", column.schema);
  const parameters = parseObject("Parameters", column.parameters);
  const variables = Object.entries(values).map(([name, value]) => [name, { type: typeOf(value) }]);
  return {
    kind: "chat",
    messages: column.messages.map(({ role, content }) => ({ role, content })),
    ...(variables.length > 0 && { variables: Object.fromEntries(variables) as object }),
    ...(tools !== undefined && { tools }),
    ...(schema && { response_schema: schema }),
    ...(parameters && { parameters }),
    ...(Object.keys(partials).length > 0 && { partials }),
  } as Schemas["ContentBody"];
}

/** The body of the call of a column, with its rendered messages. */
export function bodyOf(column: Column, messages: unknown[]): Record<string, unknown> {
  const tools = parsePart("Tools", column.tools);
  const schema = parseObject("Response schema", column.schema);
  const format = { type: "json_schema", json_schema: { name: "answer", schema, strict: false } };
  return {
    model: column.model.trim(),
    messages,
    stream: true,
    stream_options: { include_usage: true },
    ...parseObject("Parameters", column.parameters),
    ...(tools !== undefined && { tools }),
    ...(schema && { response_format: format }),
  };
}

/** A copy of the last column, to change one thing of it. */
export function withCopy(columns: readonly Column[]): Column[] {
  const id = Math.max(0, ...columns.map((each) => each.id)) + 1;
  const last = columns.at(-1);
  return last ? [...columns, { ...last, id }] : [...columns];
}

/** A start with a column for each model; as it is without models. */
export function withModels(start: Start, models: readonly string[]): Start {
  const [first] = start.columns;
  if (!first || models.length === 0) return start;
  return { ...start, columns: models.map((model, index) => ({ ...first, id: index + 1, model })) };
}
