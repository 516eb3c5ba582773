import type { QueryClient } from "@tanstack/react-query";

import { rememberCsrfToken, type Schemas } from "@/shared/api/client";
import { projectsQuery, sessionQuery } from "@/shared/session";

/** From now on this browser is signed in as somebody else: what it knew of others is forgotten. */
export function rememberSession(queries: QueryClient, session: Schemas["SessionView"]): void {
  rememberCsrfToken(session.csrf_token);
  queries.setQueryData(sessionQuery.queryKey, session);
  queries.removeQueries({ queryKey: projectsQuery.queryKey });
}
