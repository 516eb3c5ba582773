import { useState, type PointerEvent } from "react";

import type { Schemas } from "@/shared/api/client";
import { formatCount } from "@/shared/format/number";
import { formatDateTime } from "@/shared/format/time";
import { cx } from "@/shared/ui/classes";

interface HistogramProps {
  series: readonly Schemas["BucketOut"][];
  bucketMs: number;
  onSelect: (from: string, to: string) => void;
}

interface BarRange {
  first: number;
  last: number;
}

/** Calls and errors over time. Dragging over bars selects their time range. */
export function Histogram({ series, bucketMs, onSelect }: HistogramProps) {
  const [drag, setDrag] = useState<BarRange>();
  const max = Math.max(1, ...series.map((bucket) => bucket.requests));
  const select = () => {
    const bounds = drag && boundsOf(series, drag, bucketMs);
    setDrag(undefined);
    if (bounds) onSelect(bounds.from, bounds.to);
  };
  return (
    <div
      role="img"
      aria-label="Calls over time"
      className="flex h-full cursor-crosshair touch-none items-stretch select-none"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        const at = indexAt(event, series.length);
        setDrag({ first: at, last: at });
      }}
      onPointerMove={(event) => {
        if (drag) setDrag({ ...drag, last: indexAt(event, series.length) });
      }}
      onPointerUp={select}
    >
      {series.map((bucket, index) => (
        <div
          key={bucket.start}
          title={titleOf(bucket)}
          className={cx(
            "flex flex-1 flex-col justify-end border-b border-line px-px hover:bg-hover",
            drag && isWithin(drag, index) && "bg-accent-soft",
          )}
        >
          <div className="bg-danger" style={{ height: barHeight(bucket.errors, max) }} />
          <div
            className="bg-accent opacity-70"
            style={{ height: barHeight(bucket.requests - bucket.errors, max) }}
          />
        </div>
      ))}
    </div>
  );
}

function barHeight(count: number, max: number): string {
  return count === 0 ? "0" : `max(1px, ${(count / max) * 100}%)`;
}

function titleOf(bucket: Schemas["BucketOut"]): string {
  const errors = bucket.errors ? `, ${formatCount(bucket.errors)} errors` : "";
  return `${formatDateTime(bucket.start)}: ${formatCount(bucket.requests)} calls${errors}`;
}

function isWithin({ first, last }: BarRange, index: number): boolean {
  return index >= Math.min(first, last) && index <= Math.max(first, last);
}

function indexAt(event: PointerEvent<HTMLElement>, count: number): number {
  const { left, width } = event.currentTarget.getBoundingClientRect();
  const at = Math.floor(((event.clientX - left) / width) * count);
  return Math.min(Math.max(at, 0), count - 1);
}

function boundsOf(
  series: readonly Schemas["BucketOut"][],
  { first, last }: BarRange,
  bucketMs: number,
): { from: string; to: string } | undefined {
  const start = series[Math.min(first, last)]?.start;
  const end = series[Math.max(first, last)]?.start;
  if (!start || !end) return undefined;
  return {
    from: new Date(start).toISOString(),
    to: new Date(Date.parse(end) + bucketMs).toISOString(),
  };
}
