"""Builds the parts of the server and connects them."""

import asyncio
import logging
import os
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from penstock.entrypoints.server.about import about_routes
from penstock.entrypoints.server.admission import ServerAdmission
from penstock.entrypoints.server.app import build_app, with_guards
from penstock.entrypoints.server.backup import BackupService, backup_routes
from penstock.entrypoints.server.config import ServerConfig
from penstock.entrypoints.server.gateway_token import GatewayToken, open_gateway_token
from penstock.entrypoints.server.health import health_routes
from penstock.entrypoints.server.providers import find_providers
from penstock.features.catalog.assembly import Catalog
from penstock.features.catalog.ports import Context
from penstock.features.identity.assembly import Identity, open_master_key
from penstock.features.snapshots.changes import ChangeSignal
from penstock.features.snapshots.explain import CostExplainer
from penstock.features.snapshots.http import build_router as build_snapshot_router
from penstock.features.snapshots.service import Publisher
from penstock.features.traces.http import (
    build_ingest_router,
    build_instance_router,
    build_router,
)
from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.unclaimed import UnclaimedLimits
from penstock.features.traces.vertical import open_traces
from penstock.infra.crypto import Sealer, derive_key
from penstock.infra.egress.client import Egress
from penstock.infra.home import Home
from penstock.infra.http_server import HttpStats
from penstock.infra.metrics_access import open_metrics
from penstock.infra.registry import Registry
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.migrate import migrate
from penstock.infra.web.metrics import MetricSource, RequestMetrics, gauge_lines
from penstock.kernel.time import SystemClock
from penstock.plugins.providers.vendors import VENDORS
from penstock.rules.snapshot import SEALED_PURPOSE
from penstock.spi.chat import ChatProvider

_LOG: Final = "penstock.server"
_DISCOVERY_S: Final = 2.0  # how long the first snapshot waits for the discovery of providers


class ServerComposition:
    """The parts of one server process. Raises `SetupError` if one cannot be opened."""

    def __init__(self, config: ServerConfig) -> None:
        home = config.home_path
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._config = config
        self._metrics = RequestMetrics()
        self.http = HttpStats()
        self._egress = Egress()
        clock, changes = SystemClock(), ChangeSignal()
        self.database = open_database(config)
        master_key = open_master_key(home, self.database)
        token = open_gateway_token(home)
        self.gateway = GatewayToken(token.hex())
        self._metrics_access = open_metrics(home, token, open_to_all=config.metrics_open)
        self.identity = Identity(
            home,
            self.database,
            master_key,
            clock=clock,
            random_bytes=os.urandom,
            changed=changes.notify,
        )
        context = Context(self.database, self.identity.audit_log, clock, os.urandom)
        kinds: Registry[ChatProvider] = Registry("penstock.providers")
        self.catalog = Catalog(context, kinds, VENDORS, self._egress, master_key=master_key)
        self.publisher = Publisher(
            self.database,
            (self.identity.access_sections, self.catalog.sections),
            pepper=self.identity.access_sections.pepper,
            changes=changes,
            sealer=Sealer(derive_key(token, SEALED_PURPOSE)),
            clock=clock,
            log=logging.getLogger(_LOG),
        )
        self.identity.prepare()
        quarantine = Quarantine(Home(home).spool, clock, logging.getLogger(_LOG))
        explain_cost = CostExplainer(self.database)
        unclaimed = UnclaimedLimits(config.unclaimed_calls_per_hour, config.unclaimed_days)
        self.traces = open_traces(columns_dsn(config), clock, explain_cost, quarantine, unclaimed)
        self.backups = BackupService(
            home, self.database, self.traces, clock, embedded_columns=not config.columns_dsn
        )

    def build(self) -> FastAPI:
        """Builds the application with all routes."""
        require, service = self.identity.guards.require, self.traces.service
        checks = {
            "database": self.database.ping,
            "columns": self.traces.check,
            "snapshot": self.publisher.check,
        }
        sources: tuple[MetricSource, ...] = (
            self._metrics.lines,
            lambda _: gauge_lines(self.http.gauges()),
        )
        routers = [
            health_routes(checks, sources, self._metrics_access),
            about_routes(self.identity.guards.signed_in, self._config.gateway_url),
            *self.identity.routes(secure_cookie=self._config.secure_cookie),
            *self.catalog.routes(require),
            build_router(service, require),
            build_instance_router(service, require),
            build_ingest_router(service, self.gateway),
            build_snapshot_router(self.publisher, self.gateway),
            backup_routes(self.identity, self.database, self.backups),
        ]
        return build_app(self._config, routers, (self.gateway,), logging.getLogger(_LOG))

    def app(self) -> ASGIApp:
        """Returns the application with its guards."""
        log = logging.getLogger("penstock.access")
        admission = ServerAdmission(self._config, self.gateway, self.identity.guards.signed_in)
        return with_guards(self._config, self.build(), admission, self._metrics, log)

    async def run(self) -> None:
        """Runs the background work until cancelled: discovers providers, publishes snapshots.

        The first snapshot waits briefly for the discovery, so that gateways can serve these
        providers immediately; providers that answer slowly are in the next snapshot.
        """
        async with asyncio.TaskGroup() as group:
            if self._config.find_providers:
                discovery = find_providers(self.catalog, self.identity, self._config)
                await asyncio.wait([group.create_task(discovery)], timeout=_DISCOVERY_S)
            group.create_task(self.publisher.run())

    def close(self) -> None:
        """Closes all parts."""
        self._egress.close()
        self.traces.close()
        self.database.close()


def open_database(config: ServerConfig) -> Database:
    """Opens the database and migrates it to the current schema."""
    database = Database(config.database_url or sqlite_url(Home(config.home_path).database))
    migrate(database)
    return database


def columns_dsn(config: ServerConfig) -> str:
    """Returns the DSN of the column store."""
    return config.columns_dsn or f"chdb://{Home(config.home_path).columns}"
