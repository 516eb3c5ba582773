const SHOWN = 5;

interface Version {
  number: number;
  digest: string;
}

/** The versions whose figures are shown side by side: the one in production, with which others are
 * compared, the one that is looked at, then the newest. */
export function comparedVersions<V extends Version>(
  known: readonly V[],
  number: number,
  production: number | undefined,
): V[] {
  const wanted = [production, number, ...known.map((version) => version.number)];
  const numbers = [...new Set(wanted)].slice(0, SHOWN + 1);
  const found = numbers.flatMap((each) => known.find((version) => version.number === each) ?? []);
  return found.slice(0, SHOWN);
}
