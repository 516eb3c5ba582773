import type { QueryClient } from "@tanstack/react-query";
import { redirect } from "@tanstack/react-router";

import { PAGES } from "@/app/pages";
import { ApiError } from "@/shared/api/client";
import { lastProject } from "@/shared/lastProject";
import { permits, projectsQuery, rolesQuery, sessionQuery } from "@/shared/session";

/** Redirects to the sign-in page if nobody is signed in; signing in returns to `href`. */
export async function requireSession(queries: QueryClient, href: string): Promise<void> {
  try {
    await queries.query({ ...sessionQuery, staleTime: "static" });
    await queries.query(rolesQuery);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      redirect({ to: "/sign-in", search: href === "/" ? {} : { to: href }, throw: true });
    }
    throw error;
  }
}

/** Returns the project to open first: the last one opened in this browser, else the first. */
export async function chooseProject(queries: QueryClient): Promise<string> {
  const { items } = await queries.query({ ...projectsQuery, staleTime: "static" });
  const last = items.find((project) => project.id === lastProject());
  const chosen = last ?? items[0];
  if (!chosen) {
    throw new ApiError({
      status: 403,
      code: "no_project",
      detail: "You are not a member of any project.",
      hint: "Ask an admin of a project to invite you.",
    });
  }
  return chosen.id;
}

/** Returns the page of a project to open first: the first one that the session permits. */
export async function choosePage(queries: QueryClient, projectId: string) {
  const session = await queries.query(sessionQuery);
  const roles = await queries.query(rolesQuery);
  const page = PAGES.find(({ permission }) => permits(session, roles, projectId, permission));
  return (page ?? PAGES[0]).to;
}
