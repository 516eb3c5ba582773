import { useState } from "react";

import { Chain } from "@/features/audit/Chain";
import { EventTable } from "@/features/audit/EventTable";
import { exportAddress, type Scope } from "@/features/audit/queries";
import { useHasRole, useProjectId, useProjectName, useSession } from "@/shared/session";
import { Denied } from "@/shared/ui/Denied";
import { LinkButton } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { Segments } from "@/shared/ui/Segments";

export function AuditPage() {
  const mayRead = useHasRole("admin");
  const instanceAdmin = useSession().instance_admin;
  const projectId = useProjectId();
  const project = useProjectName();
  const [scope, setScope] = useState<Scope>(projectId);
  if (!mayRead) {
    return (
      <Page title="Audit">
        <Denied what="The audit log is" role="admin" />
      </Page>
    );
  }
  return (
    <Page
      title="Audit"
      actions={
        <>
          {instanceAdmin && (
            <Segments
              label="Whose events"
              value={scope}
              onChange={setScope}
              options={[
                { value: projectId, name: project },
                { value: "", name: "Instance" },
              ]}
            />
          )}
          <LinkButton href={exportAddress(scope)} download={`audit-${scope || "instance"}.jsonl`}>
            Export
          </LinkButton>
        </>
      }
    >
      <Chain scope={scope} />
      <EventTable key={scope} scope={scope} />
    </Page>
  );
}
