import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Approvals } from "@/features/releases/Approvals";
import { EvidenceTable } from "@/features/releases/EvidenceTable";
import { RecordEvidenceDialog } from "@/features/releases/RecordEvidenceDialog";
import { releaseEvidenceQuery } from "@/shared/releases/protection";
import { useHasRole, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { QueryContent } from "@/shared/ui/QueryContent";

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
