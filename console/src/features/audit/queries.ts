import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";

export type AuditEvent = Schemas["AuditEventView"];

/** The log to read: a project id, or empty for the instance log. */
export type Scope = string;

const PAGE_SIZE = 100;

export const auditKeys = {
  of: (scope: Scope) => ["audit", scope] as const,
};

/** Events, newest first, page by page. */
export const eventsQuery = (scope: Scope) =>
  infiniteQueryOptions({
    queryKey: [...auditKeys.of(scope), "events"],
    queryFn: ({ pageParam: cursor }) => {
      const query = { cursor, limit: PAGE_SIZE };
      if (!scope) return data(api.GET("/api/v1/audit", { params: { query } }));
      const path = { project_id: scope };
      return data(api.GET("/api/v1/projects/{project_id}/audit", { params: { path, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** The result of verifying the hash chain. */
export const verificationQuery = (scope: Scope) =>
  queryOptions({
    queryKey: [...auditKeys.of(scope), "verification"],
    queryFn: () => {
      if (!scope) return data(api.GET("/api/v1/audit/verify"));
      const params = { path: { project_id: scope } };
      return data(api.GET("/api/v1/projects/{project_id}/audit/verify", { params }));
    },
    staleTime: 0,
  });

/** The download URL of the log as JSON lines, oldest first. */
export function exportUrl(scope: Scope): string {
  return scope ? `/api/v1/projects/${scope}/audit/export` : "/api/v1/audit/export";
}
