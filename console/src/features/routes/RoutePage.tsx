import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { routeQuery } from "@/features/routes/queries";
import { RemoveRouteDialog } from "@/features/routes/RemoveRouteDialog";
import { RouteCalls } from "@/features/routes/RouteCalls";
import { RouteFacts } from "@/features/routes/RouteFacts";
import type { Route } from "@/shared/calls/routes";
import { ExampleCode } from "@/shared/ExampleCode";
import { useGatewayUrl } from "@/shared/gateway";
import { useHasRole } from "@/shared/session";
import { CopyButton } from "@/shared/ui/Copyable";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { Disclosure } from "@/shared/ui/Disclosure";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { QueryContent } from "@/shared/ui/QueryContent";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";

const FROM = "/signed-in/projects/$projectId/routes/$name";

/** A route: where its calls go, and where they went. */
export function RoutePage() {
  const { projectId, name } = useParams({ from: FROM });
  const { range = "24h" } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/routes/$name" });
  const query = useQuery(routeQuery(projectId, name));
  return (
    <DetailPage list={{ to: "/projects/$projectId/routes", name: "Routes" }}>
      <Header name={name} route={query.data} />
      <QueryContent query={query}>
        {(route) => (
          <>
            <RouteFacts route={route} />
            <RouteCalls
              route={route}
              range={range}
              onRange={(next) => void navigate({ search: { range: next }, replace: true })}
            />
            <CallIt name={route.name} />
          </>
        )}
      </QueryContent>
    </DetailPage>
  );
}

function Header({ name, route }: { name: string; route: Route | undefined }) {
  const canWrite = useHasRole("admin");
  const { projectId } = useParams({ from: FROM });
  const navigate = useNavigate();
  const [removing, setRemoving] = useState(false);
  const params = { projectId, name };
  return (
    <>
      <DetailHeader
        title={name}
        note={
          <>
            <CopyButton value={name} label="name" />
            {route && <span className="num text-sm text-ink-3">version {route.version}</span>}
          </>
        }
        actions={
          canWrite &&
          route && (
            <>
              <Link
                to="/projects/$projectId/routes/$name/edit"
                params={params}
                className={LINK_BUTTON_CLASSES}
              >
                Edit
              </Link>
              <RowMenu subject={name}>
                <DangerMenuItem onSelect={() => setRemoving(true)}>Remove…</DangerMenuItem>
              </RowMenu>
            </>
          )
        }
      />
      {removing && (
        <RemoveRouteDialog
          name={name}
          onClose={() => setRemoving(false)}
          onRemoved={() => void navigate({ to: "/projects/$projectId/routes", params })}
        />
      )}
    </>
  );
}

function CallIt({ name }: { name: string }) {
  const gatewayUrl = useGatewayUrl();
  return (
    <section aria-label="Example" className="pt-8">
      <Disclosure title="Call it">
        <ExampleCode call={{ gatewayUrl, model: name, key: "$PENSTOCK_KEY" }} />
      </Disclosure>
    </section>
  );
}
