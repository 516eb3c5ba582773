"""Builds the server's ASGI application: the routes of the verticals and the guards of
`infra/web`."""

import logging
import socket
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp

from penstock.entrypoints.server.config import ServerConfig
from penstock.entrypoints.server.console import BUILT, mount_console
from penstock.features.access import public
from penstock.features.feedback.http.public import FEEDBACK_PATH
from penstock.features.identity.http.access import require_declarations
from penstock.infra.web.bodies import BodyAdmission, BodyLimit
from penstock.infra.web.clean_text import CleanText
from penstock.infra.web.headers import SecurityHeaders
from penstock.infra.web.hosts import HostGuard
from penstock.infra.web.metrics import Observed, RequestMetrics
from penstock.infra.web.problems import install_problems

# These paths use no cookies, so any host name is allowed for them.
_MACHINES: Final = ("/internal/", "/healthz", "/readyz", "/metrics", FEEDBACK_PATH)
_LOCAL: Final = ("127.0.0.1", "localhost", "::1")


def build_app(
    config: ServerConfig,
    routers: Iterable[APIRouter],
    guards: tuple[object, ...],
    log: logging.Logger,
) -> FastAPI:
    """Builds the application. Raises `SetupError` if a route declares no guard; `guards` are
    additional guards of verticals."""
    app = FastAPI(title="Penstock", version="1", openapi_url=None, docs_url=None, redoc_url=None)
    install_problems(app, log)
    for router in routers:
        # `include_router` would build each route once more: a tenth of the start's CPU.
        app.router.routes.extend(router.routes)
    _add_openapi(app)
    mount_console(app, Path(config.console) if config.console else BUILT)
    require_declarations(app.routes, guards)
    return app


def with_guards(
    config: ServerConfig,
    app: FastAPI,
    admission: BodyAdmission,
    metrics: RequestMetrics,
    log: logging.Logger,
) -> ASGIApp:
    """Adds metrics, security headers, and the checks of host, body size and text."""
    guarded: ASGIApp = CleanText(app)
    guarded = BodyLimit(guarded, admission)
    guarded = HostGuard(guarded, hosts_of(config), _MACHINES)
    guarded = SecurityHeaders(guarded, (FEEDBACK_PATH,))
    return Observed(guarded, metrics, log)


def hosts_of(config: ServerConfig) -> Collection[str]:
    """Returns the allowed host names: this machine's, the listening address, the configured
    ones."""
    return {*_LOCAL, config.host, socket.gethostname(), *config.allowed_hosts}


def _add_openapi(app: FastAPI) -> None:
    @app.get("/api/v1/openapi.json", include_in_schema=False, dependencies=[Depends(public)])
    def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())
