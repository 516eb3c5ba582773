"""Which parts the server is made of, and who gets what of whom."""

import logging
import os
from collections.abc import Sequence

from fastapi import FastAPI
from starlette.types import ASGIApp

from penstock.entrypoints.server.app import behind_walls, build_app
from penstock.entrypoints.server.config import ServerConfig
from penstock.entrypoints.server.gateway_token import GatewayToken, open_gateway_token
from penstock.entrypoints.server.health import health_routes
from penstock.features.identity.assembly import Identity, open_master_key
from penstock.features.traces.http import (
    build_ingest_router,
    build_instance_router,
    build_router,
)
from penstock.features.traces.model import SpanRecord
from penstock.features.traces.service import CostLine
from penstock.features.traces.vertical import open_traces
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.migrate import migrate
from penstock.infra.web.metrics import RequestMetrics
from penstock.kernel.time import SystemClock


class Composition:
    """The parts of one server process. `SetupError` when one of them cannot be opened."""

    def __init__(self, config: ServerConfig) -> None:
        home = config.home_path
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._config = config
        self._clock = SystemClock()
        self._metrics = RequestMetrics()
        self.database = open_database(config)
        master_key = open_master_key(home, self.database)
        self.gateway = GatewayToken(open_gateway_token(home))
        self.identity = Identity(
            home, self.database, master_key, clock=self._clock, entropy=os.urandom
        )
        self.identity.prepare()
        self.traces = open_traces(columns_dsn(config), self._clock, _unexplained)

    def build(self) -> FastAPI:
        """All routes of all verticals."""
        allow, service = self.identity.door.allow, self.traces.service
        checks = {"database": self.database.ping, "columns": self.traces.check}
        routers = [
            health_routes(checks, (self._metrics.lines,)),
            *self.identity.routes(secure_cookie=self._config.secure_cookie),
            build_router(service, allow),
            build_instance_router(service, allow),
            build_ingest_router(service, self.gateway),
        ]
        log = logging.getLogger("penstock.server")
        return build_app(self._config, routers, (self.gateway,), log)

    def app(self) -> ASGIApp:
        """The application as the network sees it."""
        log = logging.getLogger("penstock.access")
        return behind_walls(self._config, self.build(), self._metrics, log)

    def close(self) -> None:
        """Closes the stores."""
        self.traces.close()
        self.database.close()


def _unexplained(span: SpanRecord) -> Sequence[CostLine]:
    del span
    return ()


def open_database(config: ServerConfig) -> Database:
    """The relational store, at this version's schema."""
    database = Database(config.database_url or sqlite_url(config.home_path / "penstock.db"))
    migrate(database)
    return database


def columns_dsn(config: ServerConfig) -> str:
    """The DSN of the column store."""
    return config.columns_dsn or f"chdb://{config.home_path / 'columns'}"
