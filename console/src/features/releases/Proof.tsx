import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Approvals } from "@/features/releases/Approvals";
import { RecordEvidenceDialog } from "@/features/releases/RecordEvidenceDialog";
import { releaseEvidenceQuery, type ReleaseEvidence } from "@/shared/releases/protection";
import { useHasRole, useProjectId } from "@/shared/session";
import { Badge, type Tone } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

const TONES: Record<ReleaseEvidence["result"], Tone> = {
  passed: "ok",
  failed: "danger",
  unmeasurable: "warn",
};

/** What tests and evaluations found, and who approved: protected environments demand it. */
export function Proof({ release }: { release: string }) {
  const query = useQuery(releaseEvidenceQuery(useProjectId(), release));
  const canWrite = useHasRole("admin");
  const [recording, setRecording] = useState(false);
  return (
    <section aria-label="Evidence" className="pt-8">
      <div className="mb-1 flex min-h-8 items-center justify-between gap-2">
        <h2 className="text-sm font-medium">Evidence</h2>
        {canWrite && <Button onClick={() => setRecording(true)}>Record evidence</Button>}
      </div>
      <QueryContent query={query}>
        {(items) =>
          items.length === 0 ? (
            <p className="text-sm text-ink-3">
              None yet. Protected environments take a release only with passed evidence.
            </p>
          ) : (
            <EvidenceTable items={items} />
          )
        }
      </QueryContent>
      <Approvals release={release} />
      {recording && <RecordEvidenceDialog release={release} onClose={() => setRecording(false)} />}
    </section>
  );
}

function EvidenceTable({ items }: { items: readonly ReleaseEvidence[] }) {
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
