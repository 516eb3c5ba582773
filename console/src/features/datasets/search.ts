export interface DatasetsSearch {
  q?: string | undefined;
  /** What is listed: datasets by default. */
  view?: "rules" | undefined;
}

export function parseDatasetsSearch({ q, view }: Record<string, unknown>): DatasetsSearch {
  return {
    ...(typeof q === "string" && q ? { q } : {}),
    ...(view === "rules" ? { view } : {}),
  };
}

/** The items that are shown: of the newest version if none is given. */
export interface DatasetSearch {
  version?: number | undefined;
  split?: string | undefined;
  q?: string | undefined;
}

export function parseDatasetSearch(search: Record<string, unknown>): DatasetSearch {
  const { split, q } = search;
  const version = parseVersion(search["version"]);
  return {
    ...(version ? { version } : {}),
    ...(typeof split === "string" && split ? { split } : {}),
    ...(typeof q === "string" && q ? { q } : {}),
  };
}

/** The two versions whose items are compared. Version 0 has no items. */
export interface DiffSearch {
  from: number;
  to: number;
}

export function parseDiffSearch(search: Record<string, unknown>): DiffSearch {
  return { from: parseVersion(search["from"]), to: parseVersion(search["to"]) };
}

function parseVersion(text: unknown): number {
  const version = Number(text);
  return Number.isInteger(version) && version > 0 ? version : 0;
}
