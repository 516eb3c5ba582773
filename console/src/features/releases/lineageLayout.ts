import type { Lineage, ReleasePart } from "@/features/releases/queries";
import type { Release } from "@/shared/releases/queries";

/** One thing in a lineage. */
export type LineageNode =
  | { kind: "part"; part: ReleasePart }
  | { kind: "release"; release: Release }
  | { kind: "chain"; release: Release; step: string }
  | { kind: "place"; use_case: string; environment: string };

/** The columns of a lineage from left to right, and the lines between neighbours, as pairs of
 * positions in the left and the right column. */
export interface LineageLayout {
  columns: LineageNode[][];
  lines: [number, number][][];
}

/** Partials lead to their prompt, parts to the release, the release to chains and places. */
export function layoutOf({ release, contains, contained_in, rollouts }: Lineage): LineageLayout {
  const parts = contains.filter(({ kind }) => kind !== "partial");
  const partials = contains.filter(({ kind }) => kind === "partial");
  const users: LineageNode[] = [
    ...rollouts.map((place): LineageNode => ({ kind: "place", ...place })),
    ...contained_in.map((chain): LineageNode => {
      const names = Object.entries(chain.steps).filter(([, digest]) => digest === release.digest);
      const step = names.map(([name]) => name).join(", ");
      return { kind: "chain", release: chain, step };
    }),
  ];
  const asNodes = (of: readonly ReleasePart[]) =>
    of.map((part): LineageNode => ({ kind: "part", part }));
  const columns: LineageNode[][] = [asNodes(parts), [{ kind: "release", release }]];
  const lines = [parts.map((_, index): [number, number] => [index, 0])];
  if (partials.length > 0) {
    const prompt = parts.findIndex(({ kind }) => kind === "prompt");
    columns.unshift(asNodes(partials));
    lines.unshift(partials.map((_, index) => [index, prompt]));
  }
  if (users.length > 0) {
    columns.push(users);
    lines.push(users.map((_, index) => [0, index]));
  }
  return { columns, lines };
}
