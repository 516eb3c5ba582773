import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { actionOf, placeName } from "@/features/guardrails/places";
import {
  guardrailsQuery,
  useRemovePolicy,
  type Check,
  type Policy,
} from "@/features/guardrails/queries";
import { Scope } from "@/shared/calls/Scope";
import { useHasRole, useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { EmptyState } from "@/shared/ui/EmptyState";
import { PRIMARY_LINK_CLASSES } from "@/shared/ui/LinkButton";
import { MenuItem } from "@/shared/ui/Menu";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

/** Guardrail policies of the project. */
export function GuardrailsPage() {
  const canWrite = useHasRole("admin");
  const projectId = useProjectId();
  const query = useQuery(guardrailsQuery(projectId));
  const [removed, setRemoved] = useState<Policy>();
  const add = (
    <Link
      to="/projects/$projectId/guardrails/_new"
      params={{ projectId }}
      className={PRIMARY_LINK_CLASSES}
    >
      Add policy
    </Link>
  );
  return (
    <Page title="Guardrails" actions={canWrite && add}>
      <QueryContent query={query}>
        {(policies) =>
          policies.length === 0 ? (
            <EmptyState title="No guardrail policies yet" action={canWrite && add}>
              A policy says which checks calls pass: what detectors look for in input and output,
              and whether a finding is flagged, redacted, or blocks the call.
            </EmptyState>
          ) : (
            <PolicyTable policies={policies} {...(canWrite && { onRemove: setRemoved })} />
          )
        }
      </QueryContent>
      {removed && <RemovePolicyDialog policy={removed} onClose={() => setRemoved(undefined)} />}
    </Page>
  );
}

interface PolicyTableProps {
  policies: readonly Policy[];
  /** Left out for users who may not change policies. */
  onRemove?: (policy: Policy) => void;
}

function PolicyTable({ policies, onRemove }: PolicyTableProps) {
  return (
    <Table label="Guardrail policies">
      <TableHead>
        <HeadCell>Name</HeadCell>
        <HeadCell>Checks</HeadCell>
        <HeadCell className={FROM_MD}>Updated</HeadCell>
        <HeadCell />
      </TableHead>
      <tbody>
        {policies.map((policy) => (
          <PolicyRow key={policy.id} policy={policy} onRemove={onRemove} />
        ))}
      </tbody>
    </Table>
  );
}

interface PolicyRowProps {
  policy: Policy;
  onRemove: PolicyTableProps["onRemove"];
}

function PolicyRow({ policy, onRemove }: PolicyRowProps) {
  const params = { projectId: useProjectId(), policyId: policy.id };
  const navigate = useNavigate();
  const edit = () => void navigate({ to: "/projects/$projectId/guardrails/$policyId", params });
  return (
    <Row className="align-top">
      <Cell className="w-2/5 max-w-0 min-w-32 py-2">
        <div className="flex items-baseline gap-2">
          {onRemove ? (
            <Link
              to="/projects/$projectId/guardrails/$policyId"
              params={params}
              title={policy.name}
              className="truncate font-medium hover:text-accent hover:underline"
            >
              {policy.name}
            </Link>
          ) : (
            <span className="truncate font-medium" title={policy.name}>
              {policy.name}
            </span>
          )}
          <span className="num shrink-0 text-xs text-ink-3" title={`Version ${policy.version}`}>
            v{policy.version}
          </span>
        </div>
        <div className="truncate text-xs text-ink-2">
          <Scope only={policy.only} />
        </div>
      </Cell>
      <Cell className="py-2">
        <ul className="flex flex-col gap-1">
          {policy.checks.map((check, index) => (
            <CheckSummary key={index} check={check} />
          ))}
        </ul>
      </Cell>
      <Cell className={`py-2 whitespace-nowrap text-ink-2 ${FROM_MD}`}>
        <RelativeTime at={policy.updated_at} />
      </Cell>
      <Cell className="w-px py-1">
        {onRemove && (
          <RowMenu subject={policy.name}>
            <MenuItem onSelect={edit}>Edit…</MenuItem>
            <DangerMenuItem onSelect={() => onRemove(policy)}>Remove…</DangerMenuItem>
          </RowMenu>
        )}
      </Cell>
    </Row>
  );
}

/** `secrets` in input, output: redact. */
function CheckSummary({ check }: { check: Check }) {
  const action = actionOf(check.action);
  const open = check.on_failure === "open";
  return (
    <li className="flex flex-wrap items-center gap-x-2 gap-y-0.5 text-xs">
      {action && <Badge tone={action.tone}>{action.name.toLowerCase()}</Badge>}
      <span className="font-mono">{check.detector}</span>
      <span className="text-ink-2">
        in {check.places.map((place) => placeName(place).toLowerCase()).join(", ")}
      </span>
      {open && (
        <span className="text-warn" title="A text that it cannot judge passes.">
          open on failure
        </span>
      )}
    </li>
  );
}

interface RemovePolicyDialogProps {
  policy: Policy;
  onClose: () => void;
}

function RemovePolicyDialog({ policy, onClose }: RemovePolicyDialogProps) {
  return (
    <ConfirmDialog
      title={`Remove “${policy.name}”?`}
      confirm="Remove policy"
      mutation={useRemovePolicy(onClose)}
      input={policy.id}
      onClose={onClose}
    >
      Its checks do not look at calls from then on.
    </ConfirmDialog>
  );
}
