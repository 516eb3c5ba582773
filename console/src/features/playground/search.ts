/** The search parameters of the playground: the span or the version that it starts from, and the
 * models to compare, each in a column. */
export interface PlaygroundSearch {
  trace?: string | undefined;
  span?: string | undefined;
  prompt?: string | undefined;
  version?: string | undefined;
  models?: string[] | undefined;
}

export const MAX_COLUMNS = 6;

export function parsePlaygroundSearch(search: Record<string, unknown>): PlaygroundSearch {
  const text = (value: unknown) => {
    if (typeof value === "number") return String(value);
    return typeof value === "string" && value ? value : undefined;
  };
  const models = [search["models"]].flat().filter((each) => typeof each === "string");
  const found = {
    trace: text(search["trace"]),
    span: text(search["span"]),
    prompt: text(search["prompt"]),
    version: text(search["version"]),
    models: models.length > 0 ? models.slice(0, MAX_COLUMNS) : undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}
