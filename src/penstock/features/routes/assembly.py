"""Builds the vertical of routes."""

from collections.abc import Callable, Collection

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.routes.http import route_routes
from penstock.features.routes.model import ListedModels
from penstock.features.routes.service import RouteService
from penstock.features.routes.store import ROUTES
from penstock.features.vertical import Vertical
from penstock.infra.registry import Registry
from penstock.spi.strategy import RouteStrategy


def route_names(context: Context) -> Callable[[str], Collection[str]]:
    """Returns the function that finds the names of a project's routes."""

    def find(project_id: str) -> Collection[str]:
        with context.database.read() as connection:
            return [each.entry.name for each in ROUTES.list(connection, project_id)]

    return find


def build(
    context: Context,
    guards: Guards,
    listed_models: Callable[[str], ListedModels],
    use_case_names: Callable[[str], Collection[str]],
) -> Vertical:
    """Builds the vertical. `listed_models` returns the providers of a project with their models,
    `use_case_names` the names that would hide a route."""
    strategies: Registry[RouteStrategy] = Registry("penstock.strategies")
    routes = RouteService(context, listed_models, strategies.names, use_case_names)
    return Vertical(routers=(route_routes(guards.require, routes),), sections=(routes,))
