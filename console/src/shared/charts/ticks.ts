import { formatClock, formatDate } from "@/shared/format/time";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 4, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 5, 10].map((count) => count * DAY),
];
const MAX_TICKS = 6;

/** The labels of a time axis by bucket index: at most six, at round local times. */
export function timeTicks(starts: readonly string[], bucketMs: number): Map<number, string> {
  const length = starts.length * bucketMs;
  const step = STEPS.find((each) => each >= bucketMs && length / each <= MAX_TICKS) ?? 10 * DAY;
  const ticks = new Map<number, string>();
  starts.forEach((start, index) => {
    const time = localTime(start);
    const previous = index === 0 ? time - 1 : localTime(starts[index - 1] ?? start);
    if (Math.floor(time / step) > Math.floor(previous / step)) {
      ticks.set(index, tickLabel(start, step));
    }
  });
  return ticks;
}

/** The date at midnight, else the time. */
function tickLabel(start: string, step: number): string {
  const clock = formatClock(start);
  if (step >= DAY || clock.startsWith("00:00:00")) return formatDate(start).slice(5);
  return clock.slice(0, step < MINUTE ? 8 : 5);
}

/** Milliseconds whose multiples of a day are local midnights. */
function localTime(start: string): number {
  return Date.parse(start) - new Date(start).getTimezoneOffset() * MINUTE;
}
