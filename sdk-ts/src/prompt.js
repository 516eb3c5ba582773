/**
 * A version of a prompt. Templates of text and `{{ name }}` are rendered here, with strings,
 * integers, booleans, enums and messages; all others by the server, which has the one renderer.
 */
import { PenstockError } from "./errors.js";

const EXPRESSION = /\{\{ *([A-Za-z_][A-Za-z0-9_]*) *\}\}/g;
const NOT_SIMPLE = /\{[{%#]/;
const WORDS = new Set(["true", "false", "none", "True", "False", "None", "not", "loop", "range", "self"]);
const MAX_CHARS = 100_000; // of a template or a value that is rendered here
const ROLES = new Set(["system", "developer", "user", "assistant", "tool"]);
const HERE = {
  string: (value) => typeof value === "string",
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === "boolean",
  enum: (value, variable) => (variable.values ?? []).includes(value),
};

export class Prompt {
  #server;

  constructor(name, found, server) {
    this.name = name;
    this.number = found.version.number;
    this.digest = found.version.digest;
    this.content = found.version.content;
    this.#server = server;
  }

  get isFallback() {
    return this.digest === "";
  }

  get tools() {
    return this.content.tools ?? [];
  }

  get responseSchema() {
    return this.content.response_schema ?? null;
  }

  get parameters() {
    return this.content.parameters ?? {};
  }

  async render(variables = {}) {
    const declared = this.isFallback ? anything(this.content, variables) : declaredOf(this.content);
    check(declared, variables);
    const values = Object.fromEntries(
      Object.entries(declared).map(([name, each]) => [
        name,
        isGiven(variables, name) ? variables[name] : each.default,
      ]),
    );
    const done = renderHere(this.content, declared, values);
    if (done !== undefined) return done;
    if (this.#server === undefined) {
      throw new PenstockError("render_failed", "A fallback has text and {{ name }} only.");
    }
    return await this.#server.render(this.content, variables);
  }
}

/** A prompt of the application itself: a template, or messages. It takes any variables. */
export function fallbackPrompt(name, fallback) {
  const content =
    typeof fallback === "string"
      ? { kind: "text", text: fallback }
      : { kind: "chat", messages: fallback };
  return new Prompt(name, { version: { number: 0, digest: "", content } });
}

function messagesOf(content) {
  return content.messages ?? [];
}

function declaredOf(content) {
  const declared = { ...content.variables };
  for (const { placeholder } of messagesOf(content)) {
    if (placeholder && !Object.hasOwn(declared, placeholder)) {
      declared[placeholder] = { type: "messages" };
    }
  }
  return declared;
}

function anything(content, variables) {
  const names = Object.keys(variables).map((name) => [name, { type: typeOf(variables[name]) }]);
  return declaredOf({ ...content, variables: Object.fromEntries(names) });
}

function typeOf(value) {
  if (Array.isArray(value)) return "messages";
  return { boolean: "boolean", number: "integer" }[typeof value] ?? "string";
}

function check(declared, variables) {
  const names = Object.keys(declared);
  const unknown = Object.keys(variables).find((name) => !Object.hasOwn(declared, name));
  if (unknown !== undefined) {
    const known = names.slice(0, 20).join(", ") || "none";
    throw new PenstockError("variable_unknown", `This prompt has no variable '${unknown}'.`, `It has: ${known}.`);
  }
  const missing = names.filter(
    (name) => !Object.hasOwn(declared[name], "default") && !isGiven(variables, name),
  );
  if (missing.length) {
    const said = missing.map((name) => `\`${name}\``).join(", ");
    throw new PenstockError("variable_missing", `The variable ${said} is missing.`);
  }
}

function isGiven(variables, name) {
  return Object.hasOwn(variables, name) && variables[name] !== undefined;
}

/** The rendered prompt, or undefined if only the server can say. */
function renderHere(content, declared, values) {
  if (Object.keys(content.partials ?? {}).length) return undefined;
  if (!Object.entries(declared).every(([name, each]) => isPlain(each, values[name]))) return undefined;
  if (content.kind === "text") {
    const text = fill(content.text, values);
    return text === undefined ? undefined : { text, messages: [{ role: "user", content: text }] };
  }
  const messages = [];
  for (const each of messagesOf(content)) {
    if (each.placeholder) {
      messages.push(...values[each.placeholder]);
      continue;
    }
    const text = fill(each.content ?? "", values);
    if (text === undefined) return undefined;
    messages.push({ role: each.role, content: text });
  }
  return { text: "", messages };
}

function isPlain(variable, value) {
  const type = variable.type ?? "string";
  if (type === "messages") return Array.isArray(value) && value.every((each) => ROLES.has(each?.role));
  const fits = HERE[type]?.(value, variable) ?? false;
  return fits && String(value).length <= MAX_CHARS;
}

function fill(template, values) {
  if (template.length > MAX_CHARS || NOT_SIMPLE.test(template.replace(EXPRESSION, ""))) return undefined;
  let isKnown = true;
  const text = template.replace(EXPRESSION, (_, name) => {
    isKnown &&= !WORDS.has(name) && Object.hasOwn(values, name) && !Array.isArray(values[name]);
    return shown(values[name]);
  });
  return isKnown ? text : undefined;
}

/** As the template language writes values. */
function shown(value) {
  return typeof value === "boolean" ? (value ? "True" : "False") : String(value);
}
