import { Link } from "@tanstack/react-router";

import { useProjectId } from "@/shared/session";

/** Links to a route by its name. */
export function RouteLink({ name }: { name: string }) {
  return (
    <Link
      to="/projects/$projectId/routes/$name"
      params={{ projectId: useProjectId(), name }}
      className="hover:text-accent hover:underline"
    >
      {name}
    </Link>
  );
}
