/** The search parameters of the list of releases: parts that they contain, and text. */
export interface ReleasesSearch {
  q?: string | undefined;
  model?: string | undefined;
  /** The hash of a prompt's version. */
  prompt?: string | undefined;
}

export function parseReleasesSearch(search: Record<string, unknown>): ReleasesSearch {
  const { q, model, prompt } = search;
  return {
    ...(typeof q === "string" && q ? { q } : {}),
    ...(typeof model === "string" && model ? { model } : {}),
    ...(typeof prompt === "string" && prompt ? { prompt } : {}),
  };
}

/** The two releases that are compared. */
export interface CompareSearch {
  old?: string | undefined;
  new?: string | undefined;
}

export function parseCompareSearch(search: Record<string, unknown>): CompareSearch {
  return {
    ...(typeof search["old"] === "string" ? { old: search["old"] } : {}),
    ...(typeof search["new"] === "string" ? { new: search["new"] } : {}),
  };
}

/** What a new release begins with. */
export interface NewReleaseSearch {
  /** The id of a prompt. */
  prompt?: string | undefined;
  version?: string | undefined;
}

export function parseNewReleaseSearch(search: Record<string, unknown>): NewReleaseSearch {
  const version = search["version"];
  return {
    ...(typeof search["prompt"] === "string" ? { prompt: search["prompt"] } : {}),
    ...(typeof version === "string" || typeof version === "number"
      ? { version: String(version) }
      : {}),
  };
}
