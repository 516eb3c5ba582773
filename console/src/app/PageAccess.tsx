import { useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { requirementOf } from "@/app/access";
import { useMay } from "@/shared/session";
import { AccessDenied } from "@/shared/ui/AccessDenied";
import { Page } from "@/shared/ui/Page";

/** Shows a page, or which permission it needs if the signed-in user does not have it. */
export function PageAccess({ children }: { children: ReactNode }) {
  const needed = requirementOf(useLocation().pathname);
  const may = useMay();
  if (!needed || may(needed.permission)) return children;
  return (
    <Page title={needed.name}>
      <AccessDenied permission={needed.permission} />
    </Page>
  );
}
