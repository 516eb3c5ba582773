import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { everyPage } from "@/shared/api/pages";
import { useProjectId, type Role } from "@/shared/session";

export type Member = Schemas["MemberView"];

const MEMBER = "/api/v1/projects/{project_id}/members/{user_id}";

export const memberKeys = {
  of: (projectId: string) => ["members", projectId] as const,
};

/** Everybody in the project, by address. */
export const membersQuery = (projectId: string) =>
  queryOptions({
    queryKey: memberKeys.of(projectId),
    queryFn: async () => {
      const path = { project_id: projectId };
      const members = await everyPage((cursor) => {
        const query = { cursor, limit: 500 };
        return data(api.GET("/api/v1/projects/{project_id}/members", { params: { path, query } }));
      });
      return members.sort((a, b) => a.email.localeCompare(b.email));
    },
  });

export function useChangeRole() {
  return useMemberMutation((projectId, wish: { userId: string; role: Role }) => {
    const path = { project_id: projectId, user_id: wish.userId };
    return data(api.PATCH(MEMBER, { params: { path }, body: { role: wish.role } }));
  });
}

export function useRemoveMember() {
  return useMemberMutation((projectId, userId: string) => {
    const path = { project_id: projectId, user_id: userId };
    return data(api.DELETE(MEMBER, { params: { path } }));
  });
}

/** For instance admins: a new password for somebody, told once. */
export function useResetPassword() {
  return useMutation({
    mutationFn: (userId: string) => {
      const path = { user_id: userId };
      return data(api.POST("/api/v1/users/{user_id}/password", { params: { path } }));
    },
  });
}

function useMemberMutation<Wish, Done>(run: (projectId: string, wish: Wish) => Promise<Done>) {
  const projectId = useProjectId();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wish: Wish) => run(projectId, wish),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: memberKeys.of(projectId) }),
        client.invalidateQueries({ queryKey: ["session"] }), // it may have been one's own role
      ]),
  });
}
