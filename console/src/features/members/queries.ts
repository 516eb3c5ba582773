import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { fetchAllPages } from "@/shared/api/pagination";
import { useProjectId, type Role } from "@/shared/session";

export type Member = Schemas["MemberView"];

const MEMBER = "/api/v1/projects/{project_id}/members/{user_id}";

export const memberKeys = {
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
  return useMemberMutation((projectId, input: { userId: string; role: Role }) => {
    const path = { project_id: projectId, user_id: input.userId };
    return data(api.PATCH(MEMBER, { params: { path }, body: { role: input.role } }));
  });
}

export function useRemoveMember() {
  return useMemberMutation((projectId, userId: string) => {
    const path = { project_id: projectId, user_id: userId };
    return data(api.DELETE(MEMBER, { params: { path } }));
  });
}

/** Sets a new password and returns it once. For instance admins only. */
export function useResetPassword() {
  return useMutation({
    mutationFn: (userId: string) => {
      const path = { user_id: userId };
      return data(api.POST("/api/v1/users/{user_id}/password", { params: { path } }));
    },
  });
}

function useMemberMutation<Input, Result>(
  run: (projectId: string, input: Input) => Promise<Result>,
) {
  const projectId = useProjectId();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => run(projectId, input),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: memberKeys.of(projectId) }),
        client.invalidateQueries({ queryKey: ["session"] }), // the role may be the user's own
      ]),
  });
}
