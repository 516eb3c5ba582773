import type { CSSProperties } from "react";

import { layoutOf, type LineageNode } from "@/features/releases/lineageLayout";
import { LineageBox } from "@/features/releases/LineageBox";
import type { Lineage } from "@/features/releases/queries";

/** The height of a box and the space below it, in pixels; the lines end at its middle. */
const PITCH = 64;
const GAP = 12;
const LINES_WIDTH = 56;
/** Boxes of a column that are drawn; the number of the others is written below. */
const SHOWN = 12;

/** Draws what a release is made of and where it is used, from left to right; in narrow windows from
 * top to bottom. */
export function LineageMap({ lineage }: { lineage: Lineage }) {
  const { columns, lines } = layoutOf(lineage);
  const shown = columns.map((column) => column.slice(0, SHOWN));
  const rows = Math.max(...shown.map(({ length }) => length));
  const height = rows * PITCH - GAP;
  return (
    <div className="thin-scroll flex overflow-x-auto pb-1 max-md:flex-col max-md:gap-3">
      {shown.map((column, index) => {
        const before = lines[index - 1];
        return (
          <div key={index} className="contents">
            {before && (
              <Lines
                pairs={before}
                counts={[shown[index - 1]?.length ?? 0, column.length]}
                height={height}
              />
            )}
            <Column nodes={column} height={height} hidden={hiddenOf(columns[index])} />
          </div>
        );
      })}
    </div>
  );
}

function hiddenOf(column: readonly LineageNode[] | undefined): number {
  return Math.max(0, (column?.length ?? 0) - SHOWN);
}

interface ColumnProps {
  nodes: readonly LineageNode[];
  height: number;
  hidden: number;
}

function Column({ nodes, height, hidden }: ColumnProps) {
  return (
    <div className="flex max-w-72 min-w-40 flex-1 flex-col">
      <ul
        className="flex flex-col justify-center md:h-(--lineage-height)"
        style={{ gap: GAP, "--lineage-height": `${height}px` } as CSSProperties}
      >
        {nodes.map((node, index) => (
          <li key={index} className="min-w-0" style={{ height: PITCH - GAP }}>
            <LineageBox node={node} />
          </li>
        ))}
      </ul>
      {hidden > 0 && <p className="pt-1 text-xs text-ink-3">and {hidden} more</p>}
    </div>
  );
}

interface LinesProps {
  /** The positions that each line joins: in the left column and in the right one. */
  pairs: readonly [number, number][];
  counts: readonly [number, number];
  height: number;
}

function Lines({ pairs, counts, height }: LinesProps) {
  const drawn = pairs.filter(([left, right]) => left < counts[0] && right < counts[1]);
  return (
    <svg
      aria-hidden
      width={LINES_WIDTH}
      height={height}
      className="shrink-0 fill-none stroke-line-strong max-md:hidden"
    >
      {drawn.map(([left, right]) => {
        const [from, to] = [middle(left, counts[0], height), middle(right, counts[1], height)];
        const bend = LINES_WIDTH / 2;
        return (
          <path
            key={`${left} ${right}`}
            strokeWidth={1.5}
            d={`M 0 ${from} C ${bend} ${from}, ${bend} ${to}, ${LINES_WIDTH} ${to}`}
          />
        );
      })}
    </svg>
  );
}

/** The middle of a box, in a column that is centred in its height. */
function middle(index: number, count: number, height: number): number {
  const top = (height - (count * PITCH - GAP)) / 2;
  return top + index * PITCH + (PITCH - GAP) / 2;
}
