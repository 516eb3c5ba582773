import { isEqual, partsOfBoth, type PartDifference } from "@/features/releases/differences";
import { shortHash } from "@/shared/releases/arms";
import type { Release } from "@/shared/releases/queries";
import { cx } from "@/shared/ui/classes";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

/** The parts of two releases, those that differ first. */
export function PartDifferences({ old, newer }: { old: Release; newer: Release }) {
  return (
    <Table label="Parts of both releases">
      <TableHead>
        <HeadCell>Part</HeadCell>
        <HeadCell className="w-1/2">
          <span className="font-mono">{shortHash(old.digest)}</span>
        </HeadCell>
        <HeadCell className="w-1/2">
          <span className="font-mono">{shortHash(newer.digest)}</span>
        </HeadCell>
      </TableHead>
      <tbody>
        {partsOfBoth(old, newer).map((part) => (
          <Row key={part.name}>
            <Cell className={cx("whitespace-nowrap", isEqual(part) && "text-ink-3")}>
              {part.name}
            </Cell>
            <PartCell part={part} side="old" />
            <PartCell part={part} side="new" />
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

const TONES = { old: "bg-danger-soft text-danger", new: "bg-ok-soft text-ok" };

function PartCell({ part, side }: { part: PartDifference; side: "old" | "new" }) {
  const text = part[side];
  return (
    <Cell className="py-1.5">
      {text ? (
        <pre
          className={cx(
            "w-fit rounded-xs px-1 font-mono text-xs break-all whitespace-pre-wrap",
            isEqual(part) ? "text-ink-3" : TONES[side],
          )}
        >
          {text}
        </pre>
      ) : (
        <span className="text-ink-3">–</span>
      )}
    </Cell>
  );
}
