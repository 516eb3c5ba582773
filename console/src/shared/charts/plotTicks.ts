/** The ends of an axis. */
export type Extent = readonly [number, number];

const MOST_TICKS = 5;

/** Round values of an axis that shows all given ones, at most six, and the ends of the axis. */
export function plotTicks(values: readonly number[]): { ticks: number[]; extent: Extent } {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { ticks: [], extent: [0, 1] };
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const margin = (high - low) * 0.1 || Math.abs(high) * 0.1 || 1;
  const from = low >= 0 ? Math.max(0, low - margin) : low - margin;
  const to = high + margin;
  const step = roundStep((to - from) / MOST_TICKS);
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  // A multiple, rounded, has no trailing digits such as those of 0.1 + 0.2.
  const ticks = Array.from({ length: count }, (_, at) => +((first + at) * step).toPrecision(12));
  return { ticks, extent: [from, to] };
}

/** The least of 1, 2, 5, 10 … times a power of ten that is at least `wanted`. */
function roundStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  return power * ([1, 2, 5].find((each) => each * power >= wanted) ?? 10);
}
