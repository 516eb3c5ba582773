import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";

/** A known provider of models: its address and its deviations from OpenAI's API. */
export type Vendor = Schemas["VendorView"];

export const OTHER: Vendor = {
  name: "",
  label: "Other",
  kind: "",
  base_url: "",
  api_key_env: "KEY",
  quirks: {},
};

/** The known vendors, and “Other” for any OpenAI-compatible server. */
export const vendorsQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["vendors", projectId],
    queryFn: async () => {
      const params = { path: { project_id: projectId } };
      const vendors = api.GET("/api/v1/projects/{project_id}/providers/vendors", { params });
      return [...(await data(vendors)).items, OTHER];
    },
    staleTime: Infinity,
  });
