const CONTEXT = 3;
const SHORTEST = 4;

/** A long equal part of two texts, without its middle. */
export interface Folded {
  before: string;
  lines: number;
  after: string;
}

/** Folds the middle of an equal part; nothing if it is short. The first and the last part of a text
 * need context on one side only. */
export function foldEqual(
  text: string,
  { first, last }: { first: boolean; last: boolean },
): Folded | null {
  const lines = text.split("\n");
  const start = first ? 0 : CONTEXT;
  const end = last ? lines.length : lines.length - CONTEXT;
  if (end - start < SHORTEST) return null;
  const before = lines.slice(0, start).join("\n");
  const after = lines.slice(end).join("\n");
  return { before, lines: end - start, after };
}
