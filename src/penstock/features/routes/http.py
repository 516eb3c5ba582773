"""`/api/v1/projects/{project_id}/routes`: names that stand for several models."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from msgspec.structs import asdict
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.routes.bodies import NewRouteBody, RouteChangeBody
from penstock.features.routes.model import (
    StoredRoute,
)
from penstock.features.routes.service import RouteService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page
from penstock.rules.snapshot.routes import RouteShadow, RouteTarget


class TargetConditionView(BaseModel):
    """The calls that a target of a route is for."""

    only: dict[str, list[str]]
    headers: dict[str, list[str]]
    languages: list[str]
    code: list[str]
    media: list[str]
    min_tokens: int
    max_tokens: int


class RouteTargetView(BaseModel):
    """A target of a route."""

    provider: str
    model: str
    weight: int
    priority: int
    after: list[str]
    when: TargetConditionView | None

    @classmethod
    def of(cls, target: RouteTarget) -> "RouteTargetView":
        when = target.when and TargetConditionView.model_validate(asdict(target.when))
        return cls.model_validate(asdict(target) | {"when": when})


class RouteShadowView(BaseModel):
    """The shadow of a route."""

    provider: str
    model: str
    percent: float
    max_calls: int

    @classmethod
    def of(cls, shadow: RouteShadow) -> "RouteShadowView":
        return cls(**asdict(shadow))


class RouteView(BaseModel):
    """A route with its present version."""

    name: str
    version: int
    targets: list[RouteTargetView]
    strategy: str
    max_attempts: int
    first_token_timeout_ms: int
    total_timeout_ms: int
    health_check: str
    health_check_s: int
    hedge_percent: int
    hedge_after_ms: int
    shadow: RouteShadowView | None
    cache_s: int
    updated_at: datetime

    @classmethod
    def of(cls, route: StoredRoute) -> "RouteView":
        entry = route.entry
        return cls(
            name=entry.name,
            version=entry.version,
            targets=[RouteTargetView.of(each) for each in entry.targets],
            strategy=entry.strategy,
            max_attempts=entry.max_attempts,
            first_token_timeout_ms=entry.first_token_timeout_ms,
            total_timeout_ms=entry.total_timeout_ms,
            health_check=entry.health_check,
            health_check_s=entry.health_check_s,
            hedge_percent=entry.hedge_percent,
            hedge_after_ms=entry.hedge_after_ms,
            shadow=None if entry.shadow is None else RouteShadowView.of(entry.shadow),
            cache_s=entry.cache_s,
            updated_at=moment_of(route.updated_ms),
        )


def route_routes(require: RequirePermission, routes: RouteService) -> APIRouter:
    """Returns the API's routes."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/routes", tags=["routes"])
    may_read = Depends(require(Permission.ROUTES_READ))
    may_write = Depends(require(Permission.ROUTES_WRITE))

    @router.get("")
    def list_routes(access: Annotated[Access, may_read]) -> Page[RouteView]:
        """Lists the routes of the project by name."""
        return Page(items=[RouteView.of(each) for each in routes.list_all(access.project_id)])

    @router.post("", status_code=201)
    def add_route(access: Annotated[Access, may_write], body: NewRouteBody) -> RouteView:
        """Adds a route."""
        entry = body.entry(body.name)
        return RouteView.of(routes.add(access.principal, access.project_id, entry))

    @router.get("/{name}")
    def get_route(access: Annotated[Access, may_read], name: str) -> RouteView:
        """Returns a route."""
        return RouteView.of(routes.get(access.project_id, name))

    @router.put("/{name}")
    def replace_route(
        access: Annotated[Access, may_write], name: str, body: RouteChangeBody
    ) -> RouteView:
        """Replaces a route by its next version."""
        return RouteView.of(
            routes.replace(
                access.principal, access.project_id, body.entry(name), of_version=body.version
            )
        )

    @router.delete("/{name}", status_code=204)
    def remove_route(access: Annotated[Access, may_write], name: str) -> None:
        """Removes a route. Calls that name it fail from then on."""
        routes.remove(access.principal, access.project_id, name)

    return router
