/** A JSON schema of options, as far as forms know it. */
export interface OptionsSchema {
  properties?: Record<string, PropertySchema>;
  required?: string[];
}

export interface PropertySchema {
  type?: string;
  enum?: unknown[];
  items?: PropertySchema | boolean;
  anyOf?: PropertySchema[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  description?: string;
}

/** How a property is entered. */
export type OptionKind = "check" | "number" | "choice" | "choices" | "lines" | "text" | "json";

/** What is entered, before it is a value: texts, and the chosen ones of several. */
export type Entered = Record<string, string | boolean | readonly string[]>;

export function optionKind(property: PropertySchema): OptionKind {
  const { type, enum: choices, items } = withoutNull(property);
  if (choices) return "choice";
  if (type === "boolean") return "check";
  if (type === "number" || type === "integer") return "number";
  if (type === "string") return "text";
  if (type !== "array" || typeof items !== "object") return "json";
  if (items.enum) return "choices";
  return items.type === "string" ? "lines" : "json";
}

/** The schema of a value that may be left out. */
export function withoutNull(property: PropertySchema): PropertySchema {
  const others = property.anyOf?.filter(({ type }) => type !== "null");
  return others?.length === 1 && others[0] ? others[0] : property;
}

/** What a form shows at first: the defaults. */
export function enteredDefaults({ properties = {} }: OptionsSchema): Entered {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, defaultOf(property)]),
  );
}

/** What a form shows of options that were given. */
export function enteredOf(schema: OptionsSchema, options: Record<string, unknown>): Entered {
  const given = Object.entries(schema.properties ?? {}).map(
    ([name, property]) =>
      [name, name in options ? { ...property, default: options[name] } : property] as const,
  );
  return enteredDefaults({ properties: Object.fromEntries(given) });
}

function defaultOf(property: PropertySchema): string | boolean | readonly string[] {
  const { default: value } = property;
  const kind = optionKind(property);
  if (kind === "check") return value === true;
  if (kind === "choices") return Array.isArray(value) ? value.map(String) : [];
  if (kind === "lines") return Array.isArray(value) ? value.join("\n") : "";
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The options that were entered, without those that are left empty or at their default. */
export function optionsOf(schema: OptionsSchema, entered: Entered): Record<string, unknown> {
  const defaults = enteredDefaults(schema);
  const found: [string, unknown][] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const given = entered[name] ?? "";
    if (given === "" || JSON.stringify(given) === JSON.stringify(defaults[name])) continue;
    found.push([name, valueOf(optionKind(property), given)]);
  }
  return Object.fromEntries(found);
}

function valueOf(kind: OptionKind, given: string | boolean | readonly string[]): unknown {
  if (typeof given !== "string") return given;
  if (kind === "number") return Number(given);
  if (kind === "lines") return given.split("\n").filter(Boolean);
  return kind === "json" ? parsed(given) : given;
}

/** The JSON value of a text; the text itself if it is none, so that the server says why. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
