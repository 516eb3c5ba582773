import type { QueryClient } from "@tanstack/react-query";

import { rememberCsrfToken, type Schemas } from "@/shared/api/client";
import { projectsQuery, sessionQuery } from "@/shared/session";

/** Stores a new session and drops cached data of the previous user. */
export function storeSession(queries: QueryClient, session: Schemas["SessionView"]): void {
  rememberCsrfToken(session.csrf_token);
  queries.setQueryData(sessionQuery.queryKey, session);
  queries.removeQueries({ queryKey: projectsQuery.queryKey });
}
