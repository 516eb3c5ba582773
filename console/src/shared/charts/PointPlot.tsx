import { useEffect, useRef, useState } from "react";

import { plotTicks, type Extent } from "@/shared/charts/plotTicks";

/** A value at a place; `low` and `high` are the ends of its interval. */
export interface PlotPoint {
  x: number;
  y: number;
  low?: number | null;
  high?: number | null;
  name: string;
  /** The name of a CSS variable. */
  colour: string;
  /** Drawn without a filling, because it is not among the best, or not comparable. */
  hollow?: boolean;
}

interface PointPlotProps {
  label: string;
  points: readonly PlotPoint[];
  /** Lines through places, such as a frontier. */
  lines?: readonly { colour: string; places: readonly (readonly [number, number])[] }[];
  formatX: (value: number) => string;
  formatY: (value: number) => string;
  xTitle: string;
  /** Names beside the points, where there is space. */
  named?: boolean;
}

const HEIGHT = 260;
const NAME_WIDTH = 140; // of a point's name; names of points that are closer would overlap
const NAME_HEIGHT = 18;
const MARGIN = { left: 56, right: 16, top: 10, bottom: 38 };

/** Points with whiskers over two axes, and lines. */
export function PointPlot(props: PointPlotProps) {
  const { label, points, lines = [], formatX, formatY, xTitle, named = false } = props;
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(480);
  useEffect(() => {
    if (!host.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(host.current);
    return () => observer.disconnect();
  }, []);
  const xs = plotTicks(points.map(({ x }) => x));
  const ys = plotTicks(points.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y]));
  const toX = (x: number) =>
    MARGIN.left + share(x, xs.extent) * (width - MARGIN.left - MARGIN.right);
  const toY = (y: number) =>
    HEIGHT - MARGIN.bottom - share(y, ys.extent) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const isAlone = (index: number) =>
    points.slice(0, index).every((other) => {
      const point = points[index];
      const away = point && Math.abs(toX(other.x) - toX(point.x)) > NAME_WIDTH;
      return away === true || (point && Math.abs(toY(other.y) - toY(point.y)) > NAME_HEIGHT);
    });
  return (
    <div ref={host} className="w-full">
      <svg role="img" aria-label={label} width={width} height={HEIGHT} className="block text-2xs">
        {ys.ticks.map((y) => (
          <g key={y}>
            <line
              x1={MARGIN.left}
              x2={width - MARGIN.right}
              y1={toY(y)}
              y2={toY(y)}
              stroke="var(--line)"
            />
            <text x={MARGIN.left - 8} y={toY(y) + 4} textAnchor="end" fill="var(--ink-3)">
              {formatY(y)}
            </text>
          </g>
        ))}
        {xs.ticks.map((x) => (
          <text
            key={x}
            x={toX(x)}
            y={HEIGHT - MARGIN.bottom + 16}
            textAnchor="middle"
            fill="var(--ink-3)"
          >
            {formatX(x)}
          </text>
        ))}
        <text x={width - MARGIN.right} y={HEIGHT - 6} textAnchor="end" fill="var(--ink-3)">
          {xTitle}
        </text>
        {lines.map(({ colour, places }, index) => (
          <polyline
            key={index}
            points={places.map(([x, y]) => `${toX(x)},${toY(y)}`).join(" ")}
            fill="none"
            stroke={`var(${colour})`}
            strokeWidth={1.5}
            strokeDasharray="4 3"
          />
        ))}
        {points.map((point, index) => (
          <Point
            key={index}
            point={point}
            x={toX(point.x)}
            toY={toY}
            text={named && isAlone(index) ? point.name : ""}
            leftwards={toX(point.x) > width * 0.65}
            title={`${point.name}: ${formatY(point.y)}, ${formatX(point.x)}`}
          />
        ))}
      </svg>
    </div>
  );
}

function share(value: number, [from, to]: Extent): number {
  return to > from ? (value - from) / (to - from) : 0.5;
}

interface PointProps {
  point: PlotPoint;
  x: number;
  toY: (y: number) => number;
  text: string;
  /** Whether the text stands left of the point, for want of space. */
  leftwards: boolean;
  title: string;
}

function Point({ point, x, toY, text, leftwards, title }: PointProps) {
  const { y, low, high, colour, hollow } = point;
  const stroke = `var(${colour})`;
  return (
    <g>
      <title>{title}</title>
      {typeof low === "number" && typeof high === "number" && (
        <path
          d={`M${x - 4},${toY(low)}h8M${x - 4},${toY(high)}h8M${x},${toY(low)}V${toY(high)}`}
          stroke={stroke}
          strokeWidth={1.25}
          opacity={0.7}
          fill="none"
        />
      )}
      <circle
        cx={x}
        cy={toY(y)}
        r={4.5}
        fill={hollow ? "var(--canvas)" : stroke}
        stroke={stroke}
        strokeWidth={1.5}
      />
      {text && (
        <text
          x={x + (leftwards ? -9 : 9)}
          y={toY(y) - 6}
          textAnchor={leftwards ? "end" : "start"}
          fill="var(--ink-2)"
        >
          {text}
        </text>
      )}
    </g>
  );
}
