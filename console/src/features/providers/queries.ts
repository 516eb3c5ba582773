import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useProjectId } from "@/shared/session";

export type Provider = Schemas["ProviderView"];
export type NewProvider = Schemas["ProviderRequest"];
export type ProviderChange = Schemas["ProviderChangeRequest"];
export type Check = Schemas["CheckView"];

const PROVIDER = "/api/v1/projects/{project_id}/providers/{name}";

export const providerKeys = {
  of: (projectId: string) => ["providers", projectId] as const,
};

export const providersQuery = (projectId: string) =>
  queryOptions({
    queryKey: providerKeys.of(projectId),
    queryFn: async () => {
      const path = { project_id: projectId };
      const page = await data(
        api.GET("/api/v1/projects/{project_id}/providers", { params: { path } }),
      );
      return page.items;
    },
  });

export function useAddProvider() {
  return useProviderMutation((projectId, body: NewProvider) => {
    const path = { project_id: projectId };
    return data(api.POST("/api/v1/projects/{project_id}/providers", { params: { path }, body }));
  });
}

export function useChangeProvider(name: string) {
  return useProviderMutation((projectId, body: ProviderChange) => {
    const path = { project_id: projectId, name };
    return data(api.PATCH(PROVIDER, { params: { path }, body }));
  });
}

export function useRemoveProvider() {
  return useProviderMutation((projectId, name: string) => {
    const path = { project_id: projectId, name };
    return data(api.DELETE(PROVIDER, { params: { path } }));
  });
}

/** Tests the provider by reading its model list, and stores that list unless it is pinned. */
export function useTestProvider(name: string) {
  return useProviderMutation((projectId) => {
    const path = { project_id: projectId, name };
    return data(
      api.POST("/api/v1/projects/{project_id}/providers/{name}/test", { params: { path } }),
    );
  });
}

function useProviderMutation<Result, Input = void>(
  run: (projectId: string, input: Input) => Promise<Result>,
) {
  const projectId = useProjectId();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => run(projectId, input),
    onSuccess: () => client.invalidateQueries({ queryKey: providerKeys.of(projectId) }),
  });
}
