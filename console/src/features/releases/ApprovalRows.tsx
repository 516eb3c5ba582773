import { DecideButtons } from "@/features/releases/DecideButtons";
import type { Approval, ApprovalStep } from "@/shared/releases/protection";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";
import { RolloutLink } from "@/shared/releases/RolloutSummary";
import { useMay } from "@/shared/session";
import { Badge, type Tone } from "@/shared/ui/Badge";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

export const APPROVAL_TONES: Record<Approval["state"], Tone> = {
  requested: "accent",
  approved: "ok",
  rejected: "danger",
  withdrawn: "neutral",
};

interface ApprovalRowsProps {
  title: string;
  approvals: readonly Approval[];
  /** What the user may do with those that are requested. */
  steps: readonly Exclude<ApprovalStep, "request">[];
}

/** Approvals with their state and reason; nothing without any. */
export function ApprovalRows({ title, approvals, steps }: ApprovalRowsProps) {
  if (approvals.length === 0) return null;
  return (
    <section aria-label={title} className="pt-8">
      <h2 className="mb-1 text-sm font-medium">{title}</h2>
      <Table label={title}>
        <TableHead>
          <HeadCell>Approval for</HeadCell>
          <HeadCell>State</HeadCell>
          <HeadCell className={FROM_MD}>Release</HeadCell>
          <HeadCell className={`w-full ${FROM_MD}`}>Reason</HeadCell>
          <HeadCell className={FROM_LG}>Changed by</HeadCell>
          <HeadCell>Changed</HeadCell>
          <HeadCell />
        </TableHead>
        <tbody>
          {approvals.map((approval) => (
            <ApprovalRow
              key={`${approval.release} ${approval.use_case}/${approval.environment}`}
              approval={approval}
              steps={steps}
            />
          ))}
        </tbody>
      </Table>
    </section>
  );
}

type ApprovalRowProps = Pick<ApprovalRowsProps, "steps"> & { approval: Approval };

function ApprovalRow({ approval, steps }: ApprovalRowProps) {
  const { release, use_case, environment, state, message, actor, changed_at } = approval;
  const mayChange = useMay()("releases:write");
  return (
    <Row>
      <Cell>
        <RolloutLink useCase={use_case} environment={environment}>
          {`${use_case} in ${environment}`}
        </RolloutLink>
      </Cell>
      <Cell>
        <Badge tone={APPROVAL_TONES[state]}>{state}</Badge>
      </Cell>
      <Cell className={`max-w-64 ${FROM_MD}`}>
        <ReleaseLink digest={release} withMessage />
      </Cell>
      <Cell className={`max-w-0 truncate ${FROM_MD}`}>
        <span title={message}>{message}</span>
      </Cell>
      <Cell className={`whitespace-nowrap text-ink-2 ${FROM_LG}`}>{actor}</Cell>
      <Cell className="text-ink-2">
        <RelativeTime at={changed_at} />
      </Cell>
      <Cell>
        {state === "requested" && mayChange && <DecideButtons approval={approval} steps={steps} />}
      </Cell>
    </Row>
  );
}
