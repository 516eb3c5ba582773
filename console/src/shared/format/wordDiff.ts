/** A part of a text; `changed`: the other text does not have it at this place. */
export interface Part {
  text: string;
  changed: boolean;
}

/** Most pairs of words that are compared: about 20 ms. Beyond it, all between the equal ends
 * counts as changed. */
const MAX_PAIRS = 1_000_000;
const WORD = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;

/** The parts of two texts, with the words that differ. */
export function wordDiff(before: string, after: string): { before: Part[]; after: Part[] } {
  const one: string[] = before.match(WORD) ?? [];
  const other: string[] = after.match(WORD) ?? [];
  const start = commonStart(one, other);
  const end = commonStart(one.slice(start).reverse(), other.slice(start).reverse());
  const middle = [
    one.slice(start, one.length - end),
    other.slice(start, other.length - end),
  ] as const;
  const [kept, keptOther] = commonWords(...middle);
  const isKept = (set: Set<number>, words: string[]) => (at: number) =>
    at < start || at >= words.length - end || set.has(at - start);
  return { before: parts(one, isKept(kept, one)), after: parts(other, isKept(keptOther, other)) };
}

function commonStart(one: readonly string[], other: readonly string[]): number {
  let at = 0;
  while (at < one.length && at < other.length && one[at] === other[at]) at += 1;
  return at;
}

/** The indexes in both of a longest common subsequence; none beyond `MAX_PAIRS`. */
function commonWords(one: readonly string[], other: readonly string[]): [Set<number>, Set<number>] {
  const found: [Set<number>, Set<number>] = [new Set(), new Set()];
  if (one.length * other.length > MAX_PAIRS) return found;
  const width = other.length + 1;
  const lengths = new Uint32Array((one.length + 1) * width); // of the rest from a place in each
  const rest = (at: number, to: number) => lengths[at * width + to] ?? 0;
  for (let at = one.length - 1; at >= 0; at -= 1) {
    for (let to = other.length - 1; to >= 0; to -= 1) {
      lengths[at * width + to] =
        one[at] === other[to]
          ? rest(at + 1, to + 1) + 1
          : Math.max(rest(at + 1, to), rest(at, to + 1));
    }
  }
  for (let at = 0, to = 0; at < one.length && to < other.length;) {
    if (one[at] === other[to]) {
      found[0].add(at++);
      found[1].add(to++);
    } else if (rest(at + 1, to) >= rest(at, to + 1)) at += 1;
    else to += 1;
  }
  return found;
}

/** Joins neighbours of the same kind. */
function parts(words: readonly string[], isKept: (at: number) => boolean): Part[] {
  const made: Part[] = [];
  words.forEach((text, at) => {
    const changed = !isKept(at);
    const last = made.at(-1);
    if (last?.changed === changed) last.text += text;
    else made.push({ text, changed });
  });
  return made;
}
