import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { CallSearch } from "@/shared/calls/search";
import { useProjectId } from "@/shared/session";

/** Links a number to its calls. */
export function CallsLink({ calls, children }: { calls: CallSearch; children: ReactNode }) {
  return (
    <Link
      to="/projects/$projectId/traces"
      params={{ projectId: useProjectId() }}
      search={calls}
      className="hover:text-accent hover:underline"
    >
      {children}
    </Link>
  );
}
