/** The search parameters of the playground: the span or the version that it starts from. */
export interface PlaygroundSearch {
  trace?: string | undefined;
  span?: string | undefined;
  prompt?: string | undefined;
  version?: string | undefined;
}

export function parsePlaygroundSearch(search: Record<string, unknown>): PlaygroundSearch {
  const text = (value: unknown) => {
    if (typeof value === "number") return String(value);
    return typeof value === "string" && value ? value : undefined;
  };
  const found = {
    trace: text(search["trace"]),
    span: text(search["span"]),
    prompt: text(search["prompt"]),
    version: text(search["version"]),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}
