import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { fetchAllPages } from "@/shared/api/pagination";
import { useProjectId } from "@/shared/session";

export type Key = Schemas["KeyView"];
export type NewKey = Schemas["IssuedKeyView"];

export const keyKeys = {
  of: (projectId: string) => ["keys", projectId] as const,
};

/** All keys of the project, newest first, including revoked ones. */
export const keysQuery = (projectId: string) =>
  queryOptions({
    queryKey: keyKeys.of(projectId),
    queryFn: async () => {
      const path = { project_id: projectId };
      const keys = await fetchAllPages((cursor) => {
        const query = { cursor, limit: 500 };
        return data(api.GET("/api/v1/projects/{project_id}/keys", { params: { path, query } }));
      });
      return keys.reverse();
    },
  });

export function useCreateKey() {
  return useKeyMutation((projectId, body: Schemas["KeyRequest"]) => {
    const path = { project_id: projectId };
    return data(api.POST("/api/v1/projects/{project_id}/keys", { params: { path }, body }));
  });
}

export function useRotateKey() {
  return useKeyMutation((projectId, input: { keyId: string; overlapS: number }) => {
    const path = { project_id: projectId, key_id: input.keyId };
    const body = { overlap_s: input.overlapS };
    return data(
      api.POST("/api/v1/projects/{project_id}/keys/{key_id}/rotate", { params: { path }, body }),
    );
  });
}

export function useRevokeKey() {
  return useKeyMutation((projectId, keyId: string) => {
    const path = { project_id: projectId, key_id: keyId };
    return data(api.DELETE("/api/v1/projects/{project_id}/keys/{key_id}", { params: { path } }));
  });
}

function useKeyMutation<Input, Result>(run: (projectId: string, input: Input) => Promise<Result>) {
  const projectId = useProjectId();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => run(projectId, input),
    onSuccess: () => client.invalidateQueries({ queryKey: keyKeys.of(projectId) }),
  });
}
