import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { fetchAllPages } from "@/shared/api/pagination";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Key = Schemas["KeyView"];
export type IssuedKey = Schemas["IssuedKeyView"];
export type NewKey = Schemas["KeyRequest"];

const KEYS = "/api/v1/projects/{project_id}/keys";

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
        return data(api.GET(KEYS, { params: { path, query } }));
      });
      return keys.reverse();
    },
  });

export function useCreateKey() {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: NewKey) => data(api.POST(KEYS, { params: { path: { project_id } }, body })),
    invalidates: [keyKeys.of(project_id)],
  });
}

export function useRotateKey(key: Key) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: { overlap_s: number }) => {
      const path = { project_id, key_id: key.id };
      return data(api.POST(`${KEYS}/{key_id}/rotate`, { params: { path }, body }));
    },
    invalidates: [keyKeys.of(project_id)],
  });
}

export function useRevokeKey(onRevoked: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (key_id: string) => {
      return data(api.DELETE(`${KEYS}/{key_id}`, { params: { path: { project_id, key_id } } }));
    },
    invalidates: [keyKeys.of(project_id)],
    successToast: "Key revoked",
    onSuccess: onRevoked,
  });
}
