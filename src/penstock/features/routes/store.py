"""The table of routes. Functions take a connection and return values, never rows."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from penstock.features.routes.model import StoredRoute
from penstock.kernel.digests import canonical_json
from penstock.rules.snapshot import RouteEntry

METADATA: Final = MetaData()

ROUTES: Final = Table(
    "routes",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)


def add_route(connection: Connection, route: StoredRoute) -> None:
    """Stores a new route."""
    connection.execute(insert(ROUTES).values(_to_row(route)))


def save_route(connection: Connection, route: StoredRoute) -> None:
    """Stores a new version of a route."""
    connection.execute(
        update(ROUTES).where(*_is(route.project_id, route.entry.name)).values(_to_row(route))
    )


def remove_route(connection: Connection, project_id: str, name: str) -> None:
    """Deletes a route."""
    connection.execute(delete(ROUTES).where(*_is(project_id, name)))


def find_route(connection: Connection, project_id: str, name: str) -> StoredRoute | None:
    """Returns the route, if it exists."""
    row = connection.execute(select(ROUTES).where(*_is(project_id, name))).one_or_none()
    return None if row is None else _route(row)


def list_routes(connection: Connection, project_id: str) -> list[StoredRoute]:
    """Returns the routes of a project by name."""
    query = select(ROUTES).where(ROUTES.c.project_id == project_id).order_by(ROUTES.c.name)
    return [_route(row) for row in connection.execute(query)]


def count_routes(connection: Connection, project_id: str) -> int:
    """Returns how many routes a project has."""
    query = select(func.count()).select_from(ROUTES).where(ROUTES.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def list_all_routes(connection: Connection) -> Mapping[str, list[RouteEntry]]:
    """Returns the routes of all projects by project id, by name."""
    found: dict[str, list[RouteEntry]] = {}
    for row in connection.execute(select(ROUTES).order_by(ROUTES.c.name)):
        found.setdefault(row.project_id, []).append(_route(row).entry)
    return found


def _is(project_id: str, name: str) -> tuple[Any, Any]:
    return ROUTES.c.project_id == project_id, ROUTES.c.name == name


def _to_row(route: StoredRoute) -> dict[str, object]:
    return {
        "project_id": route.project_id,
        "name": route.entry.name,
        "content": canonical_json(route.entry).decode(),
        "updated_ms": route.updated_ms,
    }


def _route(row: Row[*tuple[Any, ...]]) -> StoredRoute:
    entry = msgspec.json.decode(row.content, type=RouteEntry)
    return StoredRoute(row.project_id, entry, row.updated_ms)
