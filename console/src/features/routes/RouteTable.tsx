import { Link, useNavigate } from "@tanstack/react-router";

import { RouteLimits } from "@/features/routes/RouteLimits";
import { strategyOf } from "@/features/routes/strategies";
import { TargetsSummary } from "@/features/routes/TargetsSummary";
import type { Route } from "@/shared/calls/routes";
import { useProjectId } from "@/shared/session";
import { MenuItem } from "@/shared/ui/Menu";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

interface RouteTableProps {
  routes: Route[];
  /** Left out for users who may not change routes. */
  onRemove?: (route: Route) => void;
}

export function RouteTable({ routes, onRemove }: RouteTableProps) {
  return (
    <Table label="Routes">
      <TableHead>
        <HeadCell>Name</HeadCell>
        <HeadCell>Targets</HeadCell>
        <HeadCell className={FROM_MD}>Strategy</HeadCell>
        <HeadCell numeric className={FROM_LG}>
          Attempts
        </HeadCell>
        <HeadCell className={FROM_LG}>Time limits</HeadCell>
        <HeadCell className={FROM_MD}>Updated</HeadCell>
        <HeadCell />
      </TableHead>
      <tbody>
        {routes.map((route) => (
          <RouteRow key={route.name} route={route} onRemove={onRemove} />
        ))}
      </tbody>
    </Table>
  );
}

interface RouteRowProps {
  route: Route;
  onRemove: ((route: Route) => void) | undefined;
}

function RouteRow({ route, onRemove }: RouteRowProps) {
  const params = { projectId: useProjectId(), name: route.name };
  const navigate = useNavigate();
  const edit = () => void navigate({ to: "/projects/$projectId/routes/$name/edit", params });
  return (
    <Row>
      <Cell className="max-w-28 min-w-28 sm:max-w-56">
        <div className="flex items-baseline gap-2">
          <Link
            to="/projects/$projectId/routes/$name"
            params={params}
            title={route.name}
            className="truncate font-medium hover:text-accent hover:underline"
          >
            {route.name}
          </Link>
          <span className="num shrink-0 text-xs text-ink-3" title={`Version ${route.version}`}>
            v{route.version}
          </span>
        </div>
      </Cell>
      <Cell className="w-full max-w-0">
        <TargetsSummary route={route} />
      </Cell>
      <Cell className={`whitespace-nowrap ${FROM_MD}`}>
        <span title={strategyOf(route.strategy).sentence}>{strategyOf(route.strategy).name}</span>
      </Cell>
      <Cell numeric className={FROM_LG}>
        {route.max_attempts}
      </Cell>
      <Cell className={`text-xs whitespace-nowrap ${FROM_LG}`}>
        <RouteLimits route={route} />
      </Cell>
      <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
        <RelativeTime at={route.updated_at} />
      </Cell>
      <Cell className="w-px">
        {onRemove && (
          <RowMenu subject={route.name}>
            <MenuItem onSelect={edit}>Edit…</MenuItem>
            <DangerMenuItem onSelect={() => onRemove(route)}>Remove…</DangerMenuItem>
          </RowMenu>
        )}
      </Cell>
    </Row>
  );
}
