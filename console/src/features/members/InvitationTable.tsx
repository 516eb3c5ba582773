import { STATE_TONES, type Invitation } from "@/features/members/invitations";
import { formatDateTime } from "@/shared/format/time";
import { roleName, assignableRoles } from "@/shared/roles";
import { useProjectId, useSession } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

interface InvitationTableProps {
  invitations: Invitation[];
  onRevoke: (invitation: Invitation) => void;
}

export function InvitationTable({ invitations, onRevoke }: InvitationTableProps) {
  const { roles, instance_admin } = useSession();
  const assignable = assignableRoles(roles[useProjectId()], instance_admin).map(({ role }) => role);
  const canRevoke = ({ state, role }: Invitation) =>
    state === "pending" && assignable.includes(role);
  return (
    <Table label="Invitations">
      <TableHead>
        <HeadCell>Email</HeadCell>
        <HeadCell className="max-md:hidden md:w-48">Role</HeadCell>
        <HeadCell>State</HeadCell>
        <HeadCell className="max-md:hidden">Invited by</HeadCell>
        <HeadCell className="w-40 max-md:hidden">Created</HeadCell>
        <HeadCell className="w-8" />
      </TableHead>
      <tbody>
        {invitations.map((each) => (
          <Row key={each.id} className={each.state === "pending" ? undefined : "text-ink-3"}>
            <Cell className="font-medium">{each.email}</Cell>
            <Cell className="max-md:hidden">{roleName(each.role)}</Cell>
            <Cell>
              <State invitation={each} />
            </Cell>
            <Cell className="max-md:hidden">{each.invited_by}</Cell>
            <Cell className="max-md:hidden">
              <RelativeTime at={each.created_at} />
            </Cell>
            <Cell className="text-right">
              {canRevoke(each) && (
                <RowMenu subject={`the invitation of ${each.email}`}>
                  <DangerMenuItem onSelect={() => onRevoke(each)}>Revoke…</DangerMenuItem>
                </RowMenu>
              )}
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** The state, and the account that accepted if its email differs from the invited one. */
function State({ invitation }: { invitation: Invitation }) {
  const { state, redeemed_by, email, expires_at } = invitation;
  return (
    <span className="inline-flex flex-wrap items-center gap-2">
      <span title={`Valid until ${formatDateTime(expires_at)}`}>
        <Badge tone={STATE_TONES[state]}>{state === "redeemed" ? "accepted" : state}</Badge>
      </span>
      {redeemed_by && redeemed_by !== email && <span className="text-xs">by {redeemed_by}</span>}
    </span>
  );
}
