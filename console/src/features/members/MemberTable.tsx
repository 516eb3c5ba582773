import type { Member } from "@/features/members/queries";
import { RoleMenu } from "@/features/members/RoleMenu";
import { useSession, type Role } from "@/shared/session";
import { MenuItem } from "@/shared/ui/Menu";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

/** The actions that the signed-in user may take; one left out is not offered. */
interface MemberActions {
  onRole?: (member: Member, role: Role) => void;
  onRemove?: (member: Member) => void;
  onPassword?: (member: Member) => void;
}

export function MemberTable({ members, ...actions }: MemberActions & { members: Member[] }) {
  return (
    <Table label="Members">
      <TableHead>
        <HeadCell>Email</HeadCell>
        <HeadCell className="md:w-48">Role</HeadCell>
        <HeadCell className="w-40 max-md:hidden">Joined</HeadCell>
        <HeadCell className="w-8" />
      </TableHead>
      <tbody>
        {members.map((member) => (
          <MemberRow key={member.user_id} member={member} {...actions} />
        ))}
      </tbody>
    </Table>
  );
}

function MemberRow({ member, onRole, onRemove, onPassword }: MemberActions & { member: Member }) {
  const isMe = useSession().id === member.user_id;
  return (
    <Row>
      <Cell>
        <span className="font-medium">{member.email}</span>
        {isMe && <span className="ml-2 text-xs text-ink-3">you</span>}
      </Cell>
      <Cell>
        <RoleMenu
          member={member}
          {...(onRole && { onRole: (role: Role) => onRole(member, role) })}
        />
      </Cell>
      <Cell className="text-ink-2 max-md:hidden">
        <RelativeTime at={member.created_at} />
      </Cell>
      <Cell className="text-right">
        {onRemove && (
          <RowMenu subject={member.email}>
            {onPassword && !isMe && (
              <MenuItem onSelect={() => onPassword(member)}>Reset password…</MenuItem>
            )}
            <DangerMenuItem onSelect={() => onRemove(member)}>Remove…</DangerMenuItem>
          </RowMenu>
        )}
      </Cell>
    </Row>
  );
}
