"""Routes for monitoring, without authentication: `/healthz` (the process is alive), `/readyz` (it
can work), `/metrics`."""

from collections.abc import Callable, Iterable, Mapping

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from penstock.features.access import public
from penstock.features.vertical import Check
from penstock.infra.metrics_access import MetricsAccess
from penstock.infra.web.metrics import CONTENT_TYPE, MetricSource
from penstock.kernel.errors import PenstockError


class HealthView(BaseModel):
    """The response while the process is alive."""

    status: str = "ok"


class ReadinessView(BaseModel):
    """`checks` has `ok` or the reason for each part; `notices` are conditions to check."""

    ready: bool
    checks: dict[str, str]
    notices: list[str]


def health_routes(
    checks: Mapping[str, Check],
    sources: Iterable[MetricSource],
    access: MetricsAccess,
    notices: Callable[[], list[str]],
) -> APIRouter:
    """Returns the three routes."""
    router = APIRouter(tags=["health"], dependencies=[Depends(public)])
    metric_sources = tuple(sources)

    @router.get("/healthz")
    async def healthz() -> HealthView:
        """Returns 200 while the process is alive."""
        return HealthView()

    @router.get("/readyz", responses={503: {"model": ReadinessView}})
    def readyz(response: Response) -> ReadinessView:
        """Returns 200 if the server can work, otherwise 503 with the reasons."""
        found = {name: _state(check) for name, check in checks.items()}
        ready = all(state == "ok" for state in found.values())
        if not ready:
            response.status_code = 503
            response.headers["retry-after"] = "1"
        return ReadinessView(ready=ready, checks=found, notices=notices())

    @router.get("/metrics", response_class=Response)
    def metrics(request: Request) -> Response:
        """Returns the Prometheus text format; routes and durations need the metrics token."""
        authorization = request.headers.get("authorization", "").encode("latin-1")
        sees_all = access.sees_all(authorization)
        lines = [line for source in metric_sources for line in source(sees_all)]
        return Response("\n".join([*lines, ""]), media_type=CONTENT_TYPE)

    return router


def _state(check: Check) -> str:
    try:
        check()
    except PenstockError as error:
        return error.message
    return "ok"
