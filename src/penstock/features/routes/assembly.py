"""Builds the vertical of routes."""

from collections.abc import Callable

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.routes.http import route_routes
from penstock.features.routes.model import ListedModels
from penstock.features.routes.service import RouteService
from penstock.features.vertical import Vertical
from penstock.infra.registry import Registry
from penstock.spi.strategy import RouteStrategy


def build(
    context: Context, guards: Guards, listed_models: Callable[[str], ListedModels]
) -> Vertical:
    """Builds the vertical. `listed_models` returns the providers of a project with their models."""
    strategies: Registry[RouteStrategy] = Registry("penstock.strategies")
    routes = RouteService(context, listed_models, strategies.names)
    return Vertical(routers=(route_routes(guards.require, routes),), sections=(routes,))
