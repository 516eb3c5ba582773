import { Lock } from "lucide-react";

import { useProjectId, useSession, type Role } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";

/** Stands where a role does not reach. `what` begins a sentence: "Keys are". */
export function Denied({ what, role }: { what: string; role: Role }) {
  const own = useSession().roles[useProjectId()];
  return (
    <div role="alert">
      <EmptyState title="You may not see this">
        <Lock size={16} className="mx-auto mb-2 text-ink-3" aria-hidden />
        {what} for {PLURALS[role]} of this project{role === "owner" ? "" : " and above"}.{" "}
        {own !== undefined && `You are its ${own}. `}Ask one of its admins for the role.
      </EmptyState>
    </div>
  );
}

const PLURALS: Record<Role, string> = {
  viewer: "viewers",
  editor: "editors",
  admin: "admins",
  owner: "owners",
};
