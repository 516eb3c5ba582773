const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Milliseconds: `0.42 ms`, `32 ms`, `1.24 s`, `2 m 05 s`. */
export function formatDuration(ms: number): string {
  if (ms < 0.995) return `${ms.toFixed(2)} ms`;
  if (ms < 999.5) return `${ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))} m`;
}

/** Relative time: `now`, `12s ago`, `5m ago`, `3h ago`, `2d ago`, then the date; `in 5m` ahead. */
export function formatAgo(at: string | number | Date, now: number): string {
  const passed = now - new Date(at).getTime();
  const distance = Math.abs(passed);
  if (distance < 2000) return "now";
  if (distance >= 30 * DAY) return formatDate(at);
  const text = formatSpan(distance);
  return passed > 0 ? `${text} ago` : `in ${text}`;
}

/** The largest whole unit of a span of time: `12s`, `5m`, `3h`, `2d`. */
export function formatSpan(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / 1000)}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h`;
  return `${Math.floor(ms / DAY)}d`;
}

/** `2026-11-21` in local time. */
export function formatDate(at: string | number | Date): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** `14:03:22.114` in local time. */
export function formatClock(at: string | number | Date): string {
  const date = new Date(at);
  const millis = String(date.getMilliseconds()).padStart(3, "0");
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${millis}`;
}

/** `2026-11-21 14:03:22` in local time. */
export function formatDateTime(at: string | number | Date): string {
  return `${formatDate(at)} ${formatClock(at).slice(0, 8)}`;
}

/** A range in local time; with seconds if below ten minutes, with one date if on one day. */
export function formatRange(from: string | Date, to: string | Date): string {
  const short = new Date(to).getTime() - new Date(from).getTime() < 10 * MINUTE;
  const clock = (at: string | Date) => formatClock(at).slice(0, short ? 8 : 5);
  const end = formatDate(from) === formatDate(to) ? "" : `${formatDate(to)} `;
  return `${formatDate(from)} ${clock(from)} – ${end}${clock(to)}`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
