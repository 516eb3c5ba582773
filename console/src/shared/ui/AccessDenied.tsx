import { Lock } from "lucide-react";

import { roleName } from "@/shared/roles";
import { useProjectId, useSession, type Role } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";

/** Shown in place of content that needs a higher role. */
export function AccessDenied({ resource, role }: { resource: string; role: Role }) {
  const own = useSession().roles[useProjectId()];
  return (
    <div role="alert">
      <EmptyState title="Access denied">
        <Lock size={16} className="mx-auto mb-2 text-ink-3" aria-hidden />
        You need the role {roleName(role)} or higher to view {resource}.{" "}
        {own !== undefined && `Your role is ${roleName(own)}. `}Ask an admin of this project.
      </EmptyState>
    </div>
  );
}
