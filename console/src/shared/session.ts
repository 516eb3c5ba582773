import { queryOptions, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import { api, ApiError, data, rememberCsrfToken, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";

export type Role = Schemas["Role"];
export type Permission = Schemas["Permission"];

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => {
    const session = await data(api.GET("/api/v1/session"));
    rememberCsrfToken(session.csrf_token);
    return session;
  },
  staleTime: 5 * 60_000,
  retry: false,
});

export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: () => data(api.GET("/api/v1/projects")),
  staleTime: 60_000,
});

/** What each role may do, from the fewest to the most permissions. */
export const rolesQuery = queryOptions({
  queryKey: ["roles"],
  queryFn: async () => (await data(api.GET("/api/v1/roles"))).items,
  staleTime: Infinity,
});

/** The signed-in user's session. Use below the signed-in route only. */
export function useSession(): Schemas["SessionView"] {
  return useSuspenseQuery(sessionQuery).data;
}

/** Ends the session. Succeeds also if it has already ended. */
export function useSignOut(onSignedOut: () => unknown) {
  return useApiMutation({
    run: () => data(api.DELETE("/api/v1/session")).catch(ignoreSignedOut),
    errorToast: true,
    onSuccess: onSignedOut,
  });
}

function ignoreSignedOut(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 401) throw error;
}

/** The id of the current project, from the URL. */
export function useProjectId(): string {
  const { projectId } = useParams({ strict: false });
  if (!projectId) throw new Error("This page does not belong to a project.");
  return projectId;
}

/** The project's name; its id while loading. */
export function useProjectName(): string {
  const projectId = useProjectId();
  const projects = useQuery(projectsQuery).data;
  return projects?.items.find((project) => project.id === projectId)?.name ?? projectId;
}

/** Whether a session permits something in a project. */
export function permits(
  session: Schemas["SessionView"],
  roles: readonly Schemas["RoleView"][],
  projectId: string,
  permission: Permission,
): boolean {
  if (session.instance_admin) return true;
  const own = roles.find(({ role }) => role === session.roles[projectId]);
  return own !== undefined && own.permissions.includes(permission);
}

/** Returns whether the signed-in user may do something in this project. Hides what the server would
 * reject; the server checks each request itself. */
export function useMay(): (permission: Permission) => boolean {
  const session = useSession();
  const roles = useSuspenseQuery(rolesQuery).data;
  const projectId = useProjectId();
  return (permission) => permits(session, roles, projectId, permission);
}

const RANKS: readonly Role[] = ["annotator", "viewer", "editor", "admin", "owner"];

/** Whether the signed-in user has at least `role` in this project. Hides actions that the server
 * would reject; the server checks each request itself. */
export function useHasRole(role: Role): boolean {
  const session = useSession();
  const own = session.roles[useProjectId()];
  if (session.instance_admin) return true;
  return own !== undefined && RANKS.indexOf(own) >= RANKS.indexOf(role);
}
