"""Opens the parts of one server process, builds its application, and runs its jobs."""

import asyncio
import logging
import os
import time
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from penstock.entrypoints.server.about import about_routes
from penstock.entrypoints.server.admission import ServerAdmission
from penstock.entrypoints.server.app import build_app, with_guards
from penstock.entrypoints.server.config import ServerConfig
from penstock.entrypoints.server.gateway_token import GatewayToken, open_gateway_token
from penstock.entrypoints.server.health import health_routes
from penstock.entrypoints.server.verticals import SharedParts, Verticals
from penstock.features.access import Guards
from penstock.features.background import keep_running
from penstock.features.identity.assembly import Identity, open_master_key
from penstock.features.snapshots.changes import ChangeSignal
from penstock.features.vertical import Check
from penstock.infra.egress.client import Egress
from penstock.infra.home import Home
from penstock.infra.http_server import HttpStats
from penstock.infra.metrics_access import open_metrics
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.migrate import migrate
from penstock.infra.tls import ServedCertificate, local_trust
from penstock.infra.web.metrics import MetricSource, RequestMetrics, gauge_lines
from penstock.kernel.time import SystemClock

_LOG: Final = "penstock.server"
_STARTUP_S: Final = 2.0  # how long the first snapshot waits for the startup jobs


class ServerComposition:
    """The parts of one server process. Raises `SetupError` if one cannot be opened."""

    def __init__(self, config: ServerConfig) -> None:
        home = config.home_path
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._config = config
        self._metrics = RequestMetrics()
        self.http = HttpStats()
        self.certificate = ServedCertificate(config.tls, time.time) if config.tls else None
        self._egress = Egress()
        trust = local_trust(config.gateway_certificate)
        self._gateway = Egress(trust) if trust else self._egress
        self._database = open_database(config)
        self._master_key = open_master_key(home, self._database)
        self._changes = ChangeSignal()
        self._identity = Identity(
            home,
            self._database,
            self._master_key,
            clock=SystemClock(),
            random_bytes=os.urandom,
            changed=self._changes.notify,
        )
        self._identity.prepare()
        self._token = open_gateway_token(home)
        self._metrics_access = open_metrics(home, self._token, open_to_all=config.metrics_open)
        own = self._identity.guards
        self.guards = Guards(own.require, own.signed_in, GatewayToken(self._token.hex()))
        self._verticals = Verticals(
            SharedParts(
                config,
                self._database,
                self._identity,
                self.guards,
                self._master_key,
                self._token,
                self._egress,
                self._gateway,
                self._changes,
            )
        ).build()

    def build(self) -> FastAPI:
        """Builds the application with all routes."""
        checks: dict[str, Check] = {"database": self._database.ping}
        for vertical in self._verticals:
            checks.update(vertical.checks)
        sources: tuple[MetricSource, ...] = (
            self._metrics.lines,
            lambda _: gauge_lines(self.http.gauges()),
            lambda _: gauge_lines(self.certificate.gauges() if self.certificate else {}),
            *(lambda _, of=vertical: gauge_lines(of.gauges()) for vertical in self._verticals),
        )
        routers = [
            health_routes(checks, sources, self._metrics_access, self._notices),
            about_routes(self.guards, self._config.gateway_url),
            *(router for vertical in self._verticals for router in vertical.routers),
        ]
        return build_app(self._config, routers, (self.guards.gateway,), logging.getLogger(_LOG))

    def app(self) -> ASGIApp:
        """Returns the application with its guards."""
        log = logging.getLogger("penstock.access")
        admission = ServerAdmission(self._config, self.guards)
        return with_guards(self._config, self.build(), admission, self._metrics, log)

    def _notices(self) -> list[str]:
        own = self.certificate.notices() if self.certificate else []
        return own + [notice for vertical in self._verticals for notice in vertical.notices()]

    async def run(self) -> None:
        """Runs the startup jobs and then the jobs of all verticals, until cancelled.

        The jobs wait for the startup jobs for a limited time, so that the first snapshot contains
        the providers that the startup jobs find.
        """
        async with asyncio.TaskGroup() as group:
            startup = [
                group.create_task(job()) for vertical in self._verticals for job in vertical.startup
            ]
            if startup:
                await asyncio.wait(startup, timeout=_STARTUP_S)
            for vertical in self._verticals:
                for job in vertical.jobs:
                    group.create_task(keep_running(job))

    def close(self) -> None:
        """Closes all parts."""
        self._egress.close()
        self._gateway.close()
        for vertical in reversed(self._verticals):
            vertical.close()
        self._database.close()


def open_database(config: ServerConfig) -> Database:
    """Opens the database and migrates it to the current schema."""
    database = Database(config.database_url or sqlite_url(Home(config.home_path).database))
    migrate(database)
    return database
