import { useNavigate } from "@tanstack/react-router";

import { useAddRoute } from "@/features/routes/queries";
import { RouteEditor } from "@/features/routes/RouteEditor";
import { EMPTY_ROUTE, ROUTE_PARAMS, toNewRoute } from "@/features/routes/routeForm";
import { useForm } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";

export function AddRoutePage() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const mutation = useAddRoute(
    ({ name }) =>
      void navigate({ to: "/projects/$projectId/routes/$name", params: { projectId, name } }),
  );
  const form = useForm({
    initial: EMPTY_ROUTE,
    mutation,
    toInput: toNewRoute,
    params: ROUTE_PARAMS,
  });
  return (
    <RouteEditor
      title="Add a route"
      form={form}
      error={mutation.error}
      submitLabel="Add route"
      isNew
      onCancel={() => void navigate({ to: "/projects/$projectId/routes", params: { projectId } })}
    />
  );
}
