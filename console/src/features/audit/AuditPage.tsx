import { useState } from "react";

import { ChainVerification } from "@/features/audit/ChainVerification";
import { EventTable } from "@/features/audit/EventTable";
import { exportUrl, type Scope } from "@/features/audit/queries";
import { useProjectId, useProjectName, useSession } from "@/shared/session";
import { LinkButton } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";

export function AuditPage() {
  const instanceAdmin = useSession().instance_admin;
  const projectId = useProjectId();
  const project = useProjectName();
  const [scope, setScope] = useState<Scope>(projectId);
  return (
    <Page
      title="Audit"
      actions={
        <>
          {instanceAdmin && (
            <SegmentedControl
              label="Scope"
              value={scope}
              onChange={setScope}
              options={[
                { value: projectId, name: project },
                { value: "", name: "Instance" },
              ]}
            />
          )}
          <LinkButton href={exportUrl(scope)} download={`audit-${scope || "instance"}.jsonl`}>
            Export
          </LinkButton>
        </>
      }
    >
      <ChainVerification scope={scope} />
      <EventTable key={scope} scope={scope} />
    </Page>
  );
}
