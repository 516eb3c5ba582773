import { ChevronDown } from "lucide-react";

import type { Member } from "@/features/members/queries";
import { roleName, assignableRoles } from "@/shared/roles";
import { useProjectId, useSession, type Role } from "@/shared/session";
import { Menu, MenuItem } from "@/shared/ui/Menu";

interface RoleMenuProps {
  member: Member;
  onRole?: (role: Role) => void;
}

/** A member's role; a menu to change it where the signed-in user may. */
export function RoleMenu({ member, onRole }: RoleMenuProps) {
  const { roles, instance_admin } = useSession();
  const offered = assignableRoles(roles[useProjectId()], instance_admin);
  if (!onRole || !offered.some(({ role }) => role === member.role)) {
    return <span className="text-ink-2">{roleName(member.role)}</span>;
  }
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={`Role of ${member.email}: ${roleName(member.role)}`}
          className="-ml-2 inline-flex h-7 items-center gap-1 rounded-md px-2 hover:bg-line"
        >
          {roleName(member.role)}
          <ChevronDown size={14} className="text-ink-3" />
        </button>
      }
    >
      {offered.map(({ role, name, description }) => (
        <MenuItem
          key={role}
          checked={role === member.role}
          onSelect={() => role !== member.role && onRole(role)}
        >
          <span className="w-14 shrink-0">{name}</span>
          <span className="text-xs text-ink-3">{description}</span>
        </MenuItem>
      ))}
    </Menu>
  );
}
