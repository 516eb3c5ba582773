import { useQuery } from "@tanstack/react-query";

import { DecideButtons } from "@/features/releases/DecideButtons";
import { EvidenceTable } from "@/features/releases/EvidenceTable";
import { PartDifferences } from "@/features/releases/PartDifferences";
import { PromptDifference } from "@/features/releases/PromptDifference";
import { lineageQuery } from "@/features/releases/queries";
import { releaseEvidenceQuery, type Approval } from "@/shared/releases/protection";
import { at, rolloutsQuery } from "@/shared/releases/queries";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";
import { RolloutLink } from "@/shared/releases/RolloutSummary";
import { useProjectId } from "@/shared/session";
import { Disclosure } from "@/shared/ui/Disclosure";
import { QueryContent } from "@/shared/ui/QueryContent";
import { RelativeTime } from "@/shared/ui/Values";

interface ApprovalCardProps {
  approval: Approval;
  mayApprove: boolean;
  /** Whether the evidence and the differences are shown at first. */
  open: boolean;
}

/** A requested approval with all that one needs to decide. */
export function ApprovalCard({ approval, mayApprove, open }: ApprovalCardProps) {
  const { release, use_case, environment, requester, message, changed_at } = approval;
  return (
    <article
      aria-label={`${use_case} in ${environment}`}
      className="rounded-lg border border-line p-4"
    >
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="flex min-w-0 flex-col gap-1 text-sm">
          <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
            <RolloutLink useCase={use_case} environment={environment}>
              {`${use_case} in ${environment}`}
            </RolloutLink>
            <ReleaseLink digest={release} withMessage />
          </span>
          <span className="text-xs text-ink-3">
            {requester} asked <RelativeTime at={changed_at} />
          </span>
          {message && <p className="break-words whitespace-pre-wrap text-ink-2">{message}</p>}
        </div>
        {mayApprove && <DecideButtons approval={approval} steps={["approve", "reject"]} />}
      </div>
      <Disclosure title="Evidence and differences" open={open}>
        <ShownEvidence release={release} />
        <Differences approval={approval} />
      </Disclosure>
    </article>
  );
}

function ShownEvidence({ release }: { release: string }) {
  const query = useQuery(releaseEvidenceQuery(useProjectId(), release));
  return (
    <section aria-label="Evidence" className="pt-2">
      <h3 className="mb-1 text-sm font-medium">Evidence</h3>
      <QueryContent query={query}>
        {(items) =>
          items.length === 0 ? (
            <p className="text-sm text-ink-3">None yet.</p>
          ) : (
            <EvidenceTable items={items} />
          )
        }
      </QueryContent>
    </section>
  );
}

/** What would change: the release beside the one that answers most calls there now. */
function Differences({ approval: { release, use_case, environment } }: { approval: Approval }) {
  const projectId = useProjectId();
  const rollouts = useQuery(rolloutsQuery(projectId));
  const arms = at(rollouts.data, use_case, environment)?.arms ?? [];
  const [live] = [...arms].sort((one, other) => other.weight - one.weight);
  if (!rollouts.data) return null;
  return (
    <section aria-label="Differences" className="pt-4">
      <h3 className="mb-1 text-sm font-medium">Against what answers now</h3>
      {!live && (
        <p className="text-sm text-ink-3">No release answers there yet: this is the first one.</p>
      )}
      {live?.release === release && (
        <p className="text-sm text-ink-3">This release answers there already.</p>
      )}
      {live && live.release !== release && <Sides old={live.release} newer={release} />}
    </section>
  );
}

function Sides({ old, newer }: { old: string; newer: string }) {
  const projectId = useProjectId();
  const before = useQuery(lineageQuery(projectId, old));
  const after = useQuery(lineageQuery(projectId, newer));
  return (
    <QueryContent query={before}>
      {(live) => (
        <QueryContent query={after}>
          {(wanted) => (
            <>
              <PartDifferences old={live.release} newer={wanted.release} />
              <PromptDifference old={live} newer={wanted} />
            </>
          )}
        </QueryContent>
      )}
    </QueryContent>
  );
}
