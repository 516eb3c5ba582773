import { useQuery } from "@tanstack/react-query";

import { approvalsQuery, useApproval, type Approval } from "@/shared/releases/protection";
import { useHasRole, useProjectId } from "@/shared/session";
import { Badge, type Tone } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

const TONES: Record<Approval["state"], Tone> = {
  requested: "accent",
  approved: "ok",
  rejected: "danger",
  withdrawn: "neutral",
};

/** Who asked for the approval of a release, and who decided. */
export function Approvals({ release }: { release: string }) {
  const approvals = useQuery(approvalsQuery(useProjectId())).data ?? [];
  const own = approvals.filter((approval) => approval.release === release);
  if (own.length === 0) return null;
  return (
    <div className="pt-4">
      <Table label="Approvals">
        <TableHead>
          <HeadCell>Approval for</HeadCell>
          <HeadCell>State</HeadCell>
          <HeadCell className="w-full">Reason</HeadCell>
          <HeadCell className={FROM_MD}>Requested by</HeadCell>
          <HeadCell className={FROM_MD}>Changed by</HeadCell>
          <HeadCell>Changed</HeadCell>
          <HeadCell />
        </TableHead>
        <tbody>
          {own.map((approval) => (
            <ApprovalRow key={`${approval.use_case}/${approval.environment}`} approval={approval} />
          ))}
        </tbody>
      </Table>
    </div>
  );
}

function ApprovalRow({ approval }: { approval: Approval }) {
  const { use_case, environment, state, message, requester, actor, changed_at } = approval;
  return (
    <Row>
      <Cell className="font-medium whitespace-nowrap">
        {use_case} in {environment}
      </Cell>
      <Cell>
        <Badge tone={TONES[state]}>{state}</Badge>
      </Cell>
      <Cell className="max-w-0 truncate">{message}</Cell>
      <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>{requester}</Cell>
      <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>{actor}</Cell>
      <Cell className="text-ink-2">
        <RelativeTime at={changed_at} />
      </Cell>
      <Cell>{state === "requested" && <Decide approval={approval} />}</Cell>
    </Row>
  );
}

/** The server refuses the decision of the release's own author. */
function Decide({ approval: { release, use_case, environment } }: { approval: Approval }) {
  const mutation = useApproval();
  if (!useHasRole("editor")) return null;
  const place = { release, use_case, environment };
  return (
    <span className="flex gap-1">
      <Button
        kind="primary"
        busy={mutation.isPending}
        onClick={() => mutation.mutate({ ...place, step: "approve" })}
      >
        Approve
      </Button>
      <Button
        busy={mutation.isPending}
        onClick={() => mutation.mutate({ ...place, step: "reject" })}
      >
        Reject
      </Button>
    </span>
  );
}
