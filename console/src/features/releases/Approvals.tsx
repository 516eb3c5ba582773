import { useQuery } from "@tanstack/react-query";

import { APPROVAL_TONES } from "@/features/releases/ApprovalRows";
import { DecideButtons } from "@/features/releases/DecideButtons";
import { approvalsQuery, type Approval } from "@/shared/releases/protection";
import { useMay, useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

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
  const mayApprove = useMay()("releases:approve");
  return (
    <Row>
      <Cell className="font-medium whitespace-nowrap">
        {use_case} in {environment}
      </Cell>
      <Cell>
        <Badge tone={APPROVAL_TONES[state]}>{state}</Badge>
      </Cell>
      <Cell className="max-w-0 truncate">{message}</Cell>
      <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>{requester}</Cell>
      <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>{actor}</Cell>
      <Cell className="text-ink-2">
        <RelativeTime at={changed_at} />
      </Cell>
      <Cell>
        {state === "requested" && mayApprove && (
          <DecideButtons approval={approval} steps={["approve", "reject"]} />
        )}
      </Cell>
    </Row>
  );
}
