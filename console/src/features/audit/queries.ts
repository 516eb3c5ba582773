import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";

export type AuditEvent = Schemas["AuditEventView"];

/** Whose events: a project's id, or empty for what belongs to no project. */
export type Scope = string;

const PAGE = 100;

export const auditKeys = {
  of: (scope: Scope) => ["audit", scope] as const,
};

/** Events, newest first, page by page. */
export const eventsQuery = (scope: Scope) =>
  infiniteQueryOptions({
    queryKey: [...auditKeys.of(scope), "events"],
    queryFn: ({ pageParam: cursor }) => {
      const query = { cursor, limit: PAGE };
      if (!scope) return data(api.GET("/api/v1/audit", { params: { query } }));
      const path = { project_id: scope };
      return data(api.GET("/api/v1/projects/{project_id}/audit", { params: { path, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** What verification of the hash chain finds now. */
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

/** Where the chain is downloaded as JSON lines, oldest first. */
export function exportAddress(scope: Scope): string {
  return scope ? `/api/v1/projects/${scope}/audit/export` : "/api/v1/audit/export";
}
