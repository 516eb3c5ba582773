import type { ReleaseEvidence } from "@/shared/releases/protection";
import { Badge, type Tone } from "@/shared/ui/Badge";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

const TONES: Record<ReleaseEvidence["result"], Tone> = {
  passed: "ok",
  failed: "danger",
  unmeasurable: "warn",
};

/** What was found of a release, newest first. */
export function EvidenceTable({ items }: { items: readonly ReleaseEvidence[] }) {
  return (
    <Table label="Evidence">
      <TableHead>
        <HeadCell>Kind</HeadCell>
        <HeadCell>Result</HeadCell>
        <HeadCell className="w-full">Run</HeadCell>
        <HeadCell className={FROM_MD}>Author</HeadCell>
        <HeadCell>Recorded</HeadCell>
        <HeadCell className={FROM_MD}>Counts until</HeadCell>
      </TableHead>
      <tbody>
        {items.map((each) => (
          <Row key={each.number}>
            <Cell className="font-medium whitespace-nowrap">{each.kind}</Cell>
            <Cell>
              <Badge tone={TONES[each.result]}>{each.result}</Badge>
            </Cell>
            <Cell className="max-w-0 truncate font-mono text-xs">{each.run || "–"}</Cell>
            <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>{each.author}</Cell>
            <Cell className="text-ink-2">
              <RelativeTime at={each.created_at} />
            </Cell>
            <Cell className={`text-ink-2 ${FROM_MD}`}>
              {each.expires_at ? <RelativeTime at={each.expires_at} /> : "always"}
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
