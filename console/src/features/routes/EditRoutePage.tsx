import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";

import { presentRouteQuery, useSaveRoute } from "@/features/routes/queries";
import { RouteEditor } from "@/features/routes/RouteEditor";
import { formForRoute, ROUTE_PARAMS, toRouteChange } from "@/features/routes/routeForm";
import { ApiError } from "@/shared/api/client";
import type { Route } from "@/shared/calls/routes";
import { useForm } from "@/shared/forms/useForm";
import { ChangedNotice } from "@/shared/ui/ChangedNotice";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

const FROM = "/signed-in/projects/$projectId/routes/$name/edit";

/** Edits a route. A save fails if somebody has changed the route since it was loaded. */
export function EditRoutePage() {
  const { projectId, name } = useParams({ from: FROM });
  const query = useQuery(presentRouteQuery(projectId, name));
  if (query.data) {
    const { data: route, refetch } = query;
    return <EditRoute key={route.version} route={route} onReload={() => void refetch()} />;
  }
  return (
    <Page title={`Edit “${name}”`}>
      <QueryContent query={query}>{() => null}</QueryContent>
    </Page>
  );
}

interface EditRouteProps {
  route: Route;
  onReload: () => void;
}

function EditRoute({ route, onReload }: EditRouteProps) {
  const { projectId } = useParams({ from: FROM });
  const navigate = useNavigate();
  const leave = () =>
    void navigate({
      to: "/projects/$projectId/routes/$name",
      params: { projectId, name: route.name },
    });
  const mutation = useSaveRoute(route.name, leave);
  const form = useForm({
    initial: formForRoute(route),
    mutation,
    toInput: (values) => toRouteChange(values, route.version),
    params: ROUTE_PARAMS,
  });
  const changed = mutation.error instanceof ApiError && mutation.error.code === "route_changed";
  return (
    <RouteEditor
      title={`Edit “${route.name}”`}
      form={changed ? { ...form, error: null } : form}
      error={mutation.error}
      notice={
        changed && (
          <ChangedNotice
            what="route"
            version={route.version}
            onReload={onReload}
            link={
              <Link
                to="/projects/$projectId/routes/$name"
                params={{ projectId, name: route.name }}
                target="_blank"
                className={LINK_BUTTON_CLASSES}
              >
                Show the present version
              </Link>
            }
          />
        )
      }
      submitLabel="Save"
      onCancel={leave}
    />
  );
}
