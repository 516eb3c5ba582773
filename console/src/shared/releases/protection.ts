import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type ReleaseEvidence = Schemas["EvidenceView"];
export type Approval = Schemas["ApprovalView"];
/** What an approver or a requester does. */
export type ApprovalStep = "request" | "approve" | "reject" | "withdraw";

const PROJECT = "/api/v1/projects/{project_id}";
const RELEASE = `${PROJECT}/releases/{release}` as const;
const APPROVAL = `${RELEASE}/approvals/{use_case}/{environment}` as const;

const proofKeys = { all: (projectId: string) => ["proof", projectId] as const };

/** The evidence on a release, newest first. */
export const releaseEvidenceQuery = (project_id: string, release: string) =>
  queryOptions({
    queryKey: [...proofKeys.all(project_id), "evidence", release],
    queryFn: async () =>
      (await data(api.GET(`${RELEASE}/evidence`, { params: { path: { project_id, release } } })))
        .items,
  });

/** The approvals of the project, the last changed first. */
export const approvalsQuery = (project_id: string) =>
  queryOptions({
    queryKey: [...proofKeys.all(project_id), "approvals"],
    queryFn: async () => {
      const params = { path: { project_id }, query: { limit: 200 } };
      return (await data(api.GET(`${PROJECT}/approvals`, { params }))).items;
    },
  });

interface Destination {
  release: string;
  use_case: string;
  environment: string;
}

/** Whether the user may start a release in an environment now, and what is missing. */
export const admissionQuery = (project_id: string, { release, ...place }: Destination) =>
  queryOptions({
    queryKey: [...proofKeys.all(project_id), "admission", release, place],
    queryFn: () => {
      const params = { path: { project_id, release, ...place } };
      return data(api.GET(`${RELEASE}/admission/{use_case}/{environment}`, { params }));
    },
  });

export function useAddEvidence(release: string, onAdded: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: Schemas["EvidenceBody"]) =>
      data(api.POST(`${RELEASE}/evidence`, { params: { path: { project_id, release } }, body })),
    invalidates: [proofKeys.all(project_id)],
    successToast: "Evidence recorded",
    onSuccess: onAdded,
  });
}

/** Requests an approval, or decides on one. Without `onDone` its errors are toasts. */
export function useApproval(onDone?: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: ({
      step,
      message = "",
      ...where
    }: Destination & { step: ApprovalStep; message?: string }) => {
      const call = { params: { path: { project_id, ...where } }, body: { message } };
      switch (step) {
        case "request":
          return data(api.POST(`${APPROVAL}/request`, call));
        case "approve":
          return data(api.POST(`${APPROVAL}/approve`, call));
        case "reject":
          return data(api.POST(`${APPROVAL}/reject`, call));
        case "withdraw":
          return data(api.POST(`${APPROVAL}/withdraw`, call));
      }
    },
    invalidates: [proofKeys.all(project_id)],
    errorToast: onDone === undefined,
    onSuccess: onDone,
  });
}
