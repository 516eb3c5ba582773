"""Use cases of routes."""

from collections.abc import Callable, Collection

from msgspec.structs import asdict, replace
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.routes.model import (
    MAX_ROUTES,
    ListedModels,
    StoredRoute,
    check_is_not_hidden,
    check_route,
)
from penstock.features.routes.store import ROUTES
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.document import Document
from penstock.rules.snapshot.routes import ROUTES as ROUTES_SECTION
from penstock.rules.snapshot.routes import RouteEntry, RoutesSection


class RouteService:
    """Adds, replaces and removes routes. `listed_models` returns the providers of a project with
    their models; `use_case_names` the names that would hide a route."""

    def __init__(
        self,
        context: Context,
        listed_models: Callable[[str], ListedModels],
        strategies: Callable[[], Collection[str]],
        use_case_names: Callable[[str], Collection[str]],
    ) -> None:
        self._context = context
        self._listed_models = listed_models
        self._strategies = strategies
        self._use_case_names = use_case_names

    def list_all(self, project_id: str) -> list[StoredRoute]:
        """Returns the routes of a project by name."""
        with self._context.database.read() as connection:
            return ROUTES.list(connection, project_id)

    def get(self, project_id: str, name: str) -> StoredRoute:
        """Returns a route. Raises `NotFound`."""
        with self._context.database.read() as connection:
            return _get(connection, project_id, name)

    def add(self, actor: Principal, project_id: str, entry: RouteEntry) -> StoredRoute:
        """Adds a route as version 1. Raises `InvalidRequest`, `Conflict`."""
        self._check(project_id, entry)
        check_is_not_hidden(entry.name, self._use_case_names(project_id))
        route = StoredRoute(project_id, replace(entry, version=1), self._context.now_ms())
        with self._context.database.write() as tx:
            if ROUTES.find(tx.connection, project_id, entry.name) is not None:
                raise Conflict(
                    f"This project has a route {entry.name!r} already.",
                    hint="Replace it, or choose another name.",
                    param="name",
                )
            if ROUTES.count(tx.connection, project_id) >= MAX_ROUTES:
                raise InvalidRequest(f"A project has at most {MAX_ROUTES} routes.")
            ROUTES.add(tx.connection, route)
            self._context.audit_log.append(
                tx, actor, project_id, "route.add", entry.name, after=_audit_fields(route)
            )
        return route

    def replace(
        self, actor: Principal, project_id: str, entry: RouteEntry, *, of_version: int | None
    ) -> StoredRoute:
        """Replaces a route by its next version. With `of_version`, only if that is the present one.
        Raises `NotFound`, `InvalidRequest`, and `Conflict` if somebody else was faster."""
        self._check(project_id, entry)
        with self._context.database.write() as tx:
            before = _get(tx.connection, project_id, entry.name)
            present = before.entry.version
            if of_version not in (None, present):
                raise Conflict(
                    f"The route {entry.name!r} has version {present} now, not {of_version}.",
                    hint="Load it again, then repeat your change.",
                    code="route_changed",
                )
            after = StoredRoute(
                project_id, replace(entry, version=present + 1), self._context.now_ms()
            )
            ROUTES.save(tx.connection, after)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "route.replace",
                entry.name,
                before=_audit_fields(before),
                after=_audit_fields(after),
            )
        return after

    def remove(self, actor: Principal, project_id: str, name: str) -> None:
        """Removes a route. Calls that name it then fail. Raises `NotFound`."""
        with self._context.database.write() as tx:
            before = _get(tx.connection, project_id, name)
            ROUTES.remove(tx.connection, project_id, name)
            self._context.audit_log.append(
                tx, actor, project_id, "route.remove", name, before=_audit_fields(before)
            )

    def documents(self) -> dict[str, Document]:
        """Returns the snapshot sections by name."""
        with self._context.database.read() as connection:
            found = ROUTES.of_all_projects(connection)
        return {
            ROUTES_SECTION.name(project_id): RoutesSection(project_id, routes)
            for project_id, routes in found.items()
        }

    def secrets(self) -> dict[str, str]:
        """Routes need none."""
        return {}

    def _check(self, project_id: str, entry: RouteEntry) -> None:
        check_route(entry, self._listed_models(project_id), self._strategies())


def _get(connection: Connection, project_id: str, name: str) -> StoredRoute:
    if route := ROUTES.find(connection, project_id, name):
        return route
    raise NotFound(f"This project has no route {name!r}.", hint="List them: penstock route list")


def _audit_fields(route: StoredRoute) -> dict[str, object]:
    fields: dict[str, object] = asdict(route.entry)
    fields["targets"] = [asdict(target) for target in route.entry.targets]
    fields["shadow"] = asdict(route.entry.shadow) if route.entry.shadow is not None else None
    return fields
