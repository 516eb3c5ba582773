import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { PolicyEditor } from "@/features/guardrails/PolicyEditor";
import {
  EMPTY_POLICY,
  formForPolicy,
  toNewPolicy,
  toPolicyChange,
} from "@/features/guardrails/policyForm";
import {
  presentPolicyQuery,
  useAddPolicy,
  useSavePolicy,
  type Policy,
} from "@/features/guardrails/queries";
import { ApiError } from "@/shared/api/client";
import { useForm } from "@/shared/forms/useForm";
import { useMay, useProjectId } from "@/shared/session";
import { AccessDenied } from "@/shared/ui/AccessDenied";
import { ChangedNotice } from "@/shared/ui/ChangedNotice";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

export function AddPolicyPage() {
  return (
    <ForAdmins title="Add a guardrail policy">
      <AddPolicy />
    </ForAdmins>
  );
}

/** Edits a policy. A save fails if somebody has changed it since it was loaded. */
export function EditPolicyPage() {
  return (
    <ForAdmins title="Edit a guardrail policy">
      <PresentPolicy />
    </ForAdmins>
  );
}

function ForAdmins({ title, children }: { title: string; children: ReactNode }) {
  if (useMay()("guardrails:write")) return children;
  return (
    <Page title={title}>
      <AccessDenied permission="guardrails:write" />
    </Page>
  );
}

function useLeave(): () => void {
  const projectId = useProjectId();
  const navigate = useNavigate();
  return () => void navigate({ to: "/projects/$projectId/guardrails", params: { projectId } });
}

function AddPolicy() {
  const leave = useLeave();
  const mutation = useAddPolicy(leave);
  const form = useForm({ initial: EMPTY_POLICY, mutation, toInput: toNewPolicy });
  return (
    <PolicyEditor
      title="Add a guardrail policy"
      form={form}
      error={mutation.error}
      submitLabel="Add policy"
      onCancel={leave}
    />
  );
}

function PresentPolicy() {
  const { projectId, policyId } = useParams({
    from: "/signed-in/projects/$projectId/guardrails/$policyId",
  });
  const query = useQuery(presentPolicyQuery(projectId, policyId));
  if (query.data) {
    const { data: policy, refetch } = query;
    return <EditPolicy key={policy.version} policy={policy} onReload={() => void refetch()} />;
  }
  return (
    <Page title="Edit a guardrail policy">
      <QueryContent query={query}>{() => null}</QueryContent>
    </Page>
  );
}

interface EditPolicyProps {
  policy: Policy;
  onReload: () => void;
}

function EditPolicy({ policy, onReload }: EditPolicyProps) {
  const leave = useLeave();
  const mutation = useSavePolicy(policy.id, leave);
  const form = useForm({
    initial: formForPolicy(policy),
    mutation,
    toInput: (values) => toPolicyChange(values, policy.version),
  });
  const changed = mutation.error instanceof ApiError && mutation.error.code === "guardrail_changed";
  return (
    <PolicyEditor
      title={`Edit “${policy.name}”`}
      form={changed ? { ...form, error: null } : form}
      error={mutation.error}
      notice={
        changed && <ChangedNotice what="policy" version={policy.version} onReload={onReload} />
      }
      submitLabel="Save"
      onCancel={leave}
    />
  );
}
