import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Provider = Schemas["ProviderView"];
export type NewProvider = Schemas["ProviderRequest"];
export type ProviderChange = Schemas["ProviderChangeRequest"];
export type Check = Schemas["CheckView"];

const PROVIDERS = "/api/v1/projects/{project_id}/providers";

export const providerKeys = {
  of: (projectId: string) => ["providers", projectId] as const,
};

export const providersQuery = (projectId: string) =>
  queryOptions({
    queryKey: providerKeys.of(projectId),
    queryFn: async () => {
      const path = { project_id: projectId };
      const page = await data(api.GET(PROVIDERS, { params: { path } }));
      return page.items;
    },
  });

export function useAddProvider() {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: NewProvider) =>
      data(api.POST(PROVIDERS, { params: { path: { project_id } }, body })),
    invalidates: [providerKeys.of(project_id)],
  });
}

export function useChangeProvider(name: string, onChanged: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: ProviderChange) =>
      data(api.PATCH(`${PROVIDERS}/{name}`, { params: { path: { project_id, name } }, body })),
    invalidates: [providerKeys.of(project_id)],
    successToast: "Provider saved",
    onSuccess: onChanged,
  });
}

export function useRemoveProvider(onRemoved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (name: string) =>
      data(api.DELETE(`${PROVIDERS}/{name}`, { params: { path: { project_id, name } } })),
    invalidates: [providerKeys.of(project_id)],
    successToast: "Provider removed",
    onSuccess: onRemoved,
  });
}

/** Tests the provider by reading its model list, and stores that list unless it is pinned. */
export function useTestProvider(name: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: () =>
      data(api.POST(`${PROVIDERS}/{name}/test`, { params: { path: { project_id, name } } })),
    invalidates: [providerKeys.of(project_id)],
  });
}
