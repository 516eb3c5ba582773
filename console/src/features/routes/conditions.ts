import type { RouteTarget } from "@/shared/calls/routes";

export type Condition = NonNullable<RouteTarget["when"]>;

const LISTS = { language: "languages", code: "code", media: "media" } as const;
const NUMBERS = ["min_tokens", "max_tokens"] as const;
const HEADER = "header.";
const TAG = "tag.";

const NOTHING: Condition = {
  only: {},
  headers: {},
  languages: [],
  code: [],
  media: [],
  min_tokens: 0,
  max_tokens: 0,
};

/** A condition as a text, as `penstock route set --when` takes them: `language:de,fr tag.tier:gold`.
 * Spaces and commas of values are percent-encoded. Empty without a condition. */
export function conditionText(when: Condition | null | undefined): string {
  if (!when) return "";
  const words = [
    ...Object.entries(LISTS).map(([what, field]) => word(what, when[field])),
    ...NUMBERS.map((field) => word(field, when[field] === 0 ? [] : [String(when[field])])),
    ...Object.entries(when.headers).map(([name, values]) => word(`${HEADER}${name}`, values)),
    ...Object.entries(when.only).map(([name, values]) => word(name.replace(/^tag:/, TAG), values)),
  ];
  return words.filter((each) => each !== "").join(" ");
}

/** Reads such words; `null` without any. What they do not express is left to the server, which
 * says what is wrong. */
export function readCondition(text: string): Condition | null {
  const words = text.split(/\s+/).filter((each) => each !== "");
  return words.length === 0 ? null : words.reduce(added, NOTHING);
}

function added(when: Condition, each: string): Condition {
  const colon = each.indexOf(":");
  const what = colon < 0 ? each : each.slice(0, colon);
  const values =
    colon < 0
      ? []
      : each
          .slice(colon + 1)
          .split(",")
          .map(decoded);
  if (what in LISTS) {
    const field = LISTS[what as keyof typeof LISTS];
    return { ...when, [field]: [...when[field], ...values] };
  }
  if ((NUMBERS as readonly string[]).includes(what)) return { ...when, [what]: Number(values[0]) };
  if (what.startsWith(HEADER)) {
    const name = what.slice(HEADER.length).toLowerCase();
    return { ...when, headers: { ...when.headers, [name]: values } };
  }
  const name = what.startsWith(TAG) ? `tag:${what.slice(TAG.length)}` : what;
  return { ...when, only: { ...when.only, [name]: values.length > 0 ? values : [""] } };
}

function word(what: string, values: readonly string[]): string {
  return values.length === 0 ? "" : `${what}:${values.map(encoded).join(",")}`;
}

function encoded(value: string): string {
  return value.replace(/[%,\s]/g, (each) => encodeURIComponent(each));
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
