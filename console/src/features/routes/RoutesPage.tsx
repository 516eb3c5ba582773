import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { RemoveRouteDialog } from "@/features/routes/RemoveRouteDialog";
import { RouteTable } from "@/features/routes/RouteTable";
import { routesQuery, type Route } from "@/shared/calls/routes";
import { useHasRole, useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { PRIMARY_LINK_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

/** Names that stand for several models. */
export function RoutesPage() {
  const canWrite = useHasRole("admin");
  const projectId = useProjectId();
  const query = useQuery(routesQuery(projectId));
  const [removed, setRemoved] = useState<Route>();
  const add = (
    <Link
      to="/projects/$projectId/routes/_new"
      params={{ projectId }}
      className={PRIMARY_LINK_CLASSES}
    >
      Add route
    </Link>
  );
  return (
    <Page title="Routes" actions={canWrite && add}>
      <QueryContent query={query}>
        {(routes) =>
          routes.length === 0 ? (
            <EmptyState title="No routes yet" action={canWrite && add}>
              A route is a name that stands for several models. Applications send it as{" "}
              <span className="font-mono text-xs">model</span>; the gateway chooses a target for
              each call, and another one if that fails.
            </EmptyState>
          ) : (
            <RouteTable routes={routes} {...(canWrite && { onRemove: setRemoved })} />
          )
        }
      </QueryContent>
      {removed && <RemoveRouteDialog name={removed.name} onClose={() => setRemoved(undefined)} />}
    </Page>
  );
}
