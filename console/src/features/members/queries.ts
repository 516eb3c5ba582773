import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { fetchAllPages } from "@/shared/api/pagination";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { sessionQuery, useProjectId, type Role } from "@/shared/session";

export type Member = Schemas["MemberView"];

const MEMBER = "/api/v1/projects/{project_id}/members/{user_id}";

const memberKeys = {
  of: (projectId: string) => ["members", projectId] as const,
};

/** All members of the project, by email. */
export const membersQuery = (projectId: string) =>
  queryOptions({
    queryKey: memberKeys.of(projectId),
    queryFn: async () => {
      const path = { project_id: projectId };
      const members = await fetchAllPages((cursor) => {
        const query = { cursor, limit: 500 };
        return data(api.GET("/api/v1/projects/{project_id}/members", { params: { path, query } }));
      });
      return members.sort((a, b) => a.email.localeCompare(b.email));
    },
  });

export function useChangeRole() {
  const project_id = useProjectId();
  return useApiMutation({
    run: ({ user_id, role }: { user_id: string; role: Role }) =>
      data(api.PATCH(MEMBER, { params: { path: { project_id, user_id } }, body: { role } })),
    invalidates: [memberKeys.of(project_id), sessionQuery.queryKey],
    successToast: "Role changed",
    errorToast: true,
  });
}

export function useRemoveMember(onRemoved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (user_id: string) =>
      data(api.DELETE(MEMBER, { params: { path: { project_id, user_id } } })),
    invalidates: [memberKeys.of(project_id), sessionQuery.queryKey],
    successToast: "Member removed",
    onSuccess: onRemoved,
  });
}

/** Sets a new password and returns it once. For instance admins only. */
export function useResetPassword() {
  return useApiMutation({
    run: (user_id: string) =>
      data(api.POST("/api/v1/users/{user_id}/password", { params: { path: { user_id } } })),
  });
}
