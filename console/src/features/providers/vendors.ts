import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";

/** A place that serves models, known ahead: where it is and what is odd about it. */
export type Vendor = Schemas["VendorView"];

export const OTHER: Vendor = {
  name: "",
  label: "Other",
  kind: "",
  base_url: "",
  api_key_env: "KEY",
  quirks: {},
};

/** Who is known ahead, and whatever else speaks OpenAI's format. */
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
