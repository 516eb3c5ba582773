import { useSuspenseQuery } from "@tanstack/react-query";
import { Lock } from "lucide-react";

import { listText } from "@/shared/format/words";
import { roleName } from "@/shared/roles";
import { rolesQuery, useProjectId, useSession, type Permission } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";

/** Shown in place of content that needs a permission: who has it, and who can give it. */
export function AccessDenied({ permission }: { permission: Permission }) {
  const own = useSession().roles[useProjectId()];
  const roles = useSuspenseQuery(rolesQuery).data;
  const rolesWith = (wanted: Permission) =>
    roles
      .filter(({ permissions }) => permissions.includes(wanted))
      .map(({ role }) => roleName(role));
  return (
    <div role="alert">
      <EmptyState title="Access denied">
        <Lock size={16} className="mx-auto mb-2 text-ink-3" aria-hidden />
        This page needs the permission <code className="font-mono text-xs">{permission}</code>. The
        roles with it: {listText(rolesWith(permission), "and")}.{" "}
        {own !== undefined && `Your role is ${roleName(own)}. `}A member with the role{" "}
        {listText(rolesWith("members:write"), "or")} can give you another one.
      </EmptyState>
    </div>
  );
}
