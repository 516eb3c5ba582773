import type { Schemas } from "@/shared/api/client";

export type Variable = Partial<Schemas["VariableBody"]>;

/** A content: exactly the parts that are in its hash. */
export interface Content {
  kind: "text" | "chat";
  text?: string;
  messages?: Partial<Schemas["MessageBody"]>[];
  variables?: Record<string, Variable>;
  tools?: Record<string, unknown>[];
  response_schema?: Record<string, unknown> | null;
  parameters?: Record<string, unknown>;
  partials?: Record<string, string>;
}

export const ROLES = ["system", "developer", "user", "assistant", "tool"] as const;
export type MessageRole = (typeof ROLES)[number];
export const TYPES = [
  "string",
  "integer",
  "number",
  "boolean",
  "list",
  "object",
  "enum",
  "messages",
] as const;
export type VariableType = (typeof TYPES)[number];

export interface MessageForm {
  id: number;
  role: MessageRole;
  content: string;
  /** The variable with messages that stand here; empty for a message. */
  placeholder: string;
}

export interface VariableForm {
  id: number;
  name: string;
  type: VariableType;
  /** Strings as they are, other types as JSON; empty for none. */
  default: string;
  description: string;
  /** The values of an enum, separated by commas. */
  values: string;
}

export interface PromptForm {
  name: string;
  kind: "text" | "chat";
  text: string;
  messages: MessageForm[];
  variables: VariableForm[];
  parameters: string;
  tools: string;
  response_schema: string;
  message: string;
  /** Takes the present versions of the partials, in place of those of the version. */
  renewPartials: boolean;
}

export const EMPTY_PROMPT: PromptForm = {
  name: "",
  kind: "chat",
  text: "",
  messages: [
    { id: 1, role: "system", content: "", placeholder: "" },
    { id: 2, role: "user", content: "{{ question }}", placeholder: "" },
  ],
  variables: [
    { id: 1, name: "question", type: "string", default: "", description: "", values: "" },
  ],
  parameters: "",
  tools: "",
  response_schema: "",
  message: "",
  renewPartials: false,
};

/** An id that no item of a list has. */
export function freshId(items: readonly { id: number }[]): number {
  return Math.max(0, ...items.map(({ id }) => id)) + 1;
}

export function formForContent(name: string, content: Content): PromptForm {
  const messages = content.messages ?? [];
  return {
    name,
    kind: content.kind,
    text: content.text ?? "",
    messages: messages.map((each, index) => ({
      id: index + 1,
      role: ROLES.find((role) => role === each.role) ?? "user",
      content: each.content ?? "",
      placeholder: each.placeholder ?? "",
    })),
    variables: Object.entries(content.variables ?? {}).map(([name, variable], index) =>
      variableForm(index + 1, name, variable),
    ),
    parameters: jsonText(content.parameters),
    tools: jsonText(content.tools),
    response_schema: jsonText(content.response_schema),
    message: "",
    renewPartials: false,
  };
}

function variableForm(id: number, name: string, variable: Variable): VariableForm {
  const type = variable.type ?? "string";
  const { default: value } = variable;
  return {
    id,
    name,
    type,
    default:
      value === undefined
        ? ""
        : typeof value === "string" && isText(type)
          ? value
          : JSON.stringify(value),
    description: variable.description ?? "",
    values: (variable.values ?? []).join(", "),
  };
}

function isText(type: VariableType): boolean {
  return type === "string" || type === "enum";
}

/** The content of a form: exactly the parts that are given. Throws `SyntaxError` for a part that is
 * not JSON; its message begins with the name of the part. */
export function contentOf(form: PromptForm, partials: Content["partials"] = {}): Content {
  const variables = form.variables.filter(({ name }) => name.trim());
  const parameters = parsed("Parameters", form.parameters);
  const tools = parsed("Tools", form.tools);
  const schema = parsed("Response schema", form.response_schema);
  return {
    kind: form.kind,
    ...(form.kind === "text" ? { text: form.text } : { messages: form.messages.map(messageOf) }),
    ...(variables.length > 0 && {
      variables: Object.fromEntries(variables.map((each) => [each.name.trim(), variableOf(each)])),
    }),
    ...(parameters !== undefined && { parameters }),
    ...(tools !== undefined && { tools }),
    ...(schema !== undefined && { response_schema: schema }),
    ...(Object.keys(partials).length > 0 && { partials }),
  } as Content;
}

function messageOf({ role, content, placeholder }: MessageForm) {
  return placeholder ? { placeholder } : { role, content };
}

function variableOf({ name, type, description, values, ...rest }: VariableForm): Variable {
  const listed = values
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean);
  return {
    ...(type !== "string" && { type }),
    ...(description && { description }),
    ...(rest.default && {
      default: isText(type) ? rest.default : parsed(`Default of ${name}`, rest.default),
    }),
    ...(type === "enum" && { values: listed }),
  };
}

function parsed(name: string, text: string): unknown {
  if (!text.trim()) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new SyntaxError(`${name}: ${error instanceof Error ? error.message : "not JSON"}`);
  }
}

/** Parses an object in JSON. Throws `SyntaxError` that begins with its name. */
export function parseObject(name: string, text: string): Record<string, unknown> {
  const found = parsed(name, text) ?? {};
  if (typeof found !== "object" || Array.isArray(found)) {
    throw new SyntaxError(`${name}: write an object, such as {"question": "Why?"}`);
  }
  return found as Record<string, unknown>;
}

/** Values to try a form with: the defaults, and an example for each required variable. */
export function exampleValues(form: PromptForm): string {
  const own = form.variables.filter(({ name }) => name.trim());
  const values = own.map((each): [string, unknown] => [each.name.trim(), exampleOf(each)]);
  const listed = form.kind === "chat" ? form.messages : [];
  const placeholders = listed.flatMap(({ placeholder }) => (placeholder ? [placeholder] : []));
  const messages = placeholders.map((name): [string, unknown] => [
    name,
    [{ role: "user", content: "Hello" }],
  ]);
  return JSON.stringify(Object.fromEntries([...messages, ...values]), null, 2);
}

const EXAMPLES: Record<VariableType, unknown> = {
  string: "…",
  integer: 1,
  number: 1.5,
  boolean: true,
  list: ["…"],
  object: {},
  enum: "",
  messages: [{ role: "user", content: "Hello" }],
};

function exampleOf(variable: VariableForm): unknown {
  if (variable.default) {
    if (isText(variable.type)) return variable.default;
    try {
      return JSON.parse(variable.default) as unknown;
    } catch {
      return variable.default;
    }
  }
  return variable.type === "enum"
    ? (variable.values.split(",")[0] ?? "").trim()
    : EXAMPLES[variable.type];
}

function jsonText(part: unknown): string {
  const isEmpty = part === null || part === undefined || Object.keys(part).length === 0;
  return isEmpty ? "" : JSON.stringify(part, null, 2);
}
