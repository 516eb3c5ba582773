"""The life of the server process: open SQL, serve at once, open the column store beside it, stop.

Everything with an outside effect is made here and handed down.
"""

import asyncio
import logging
import os
import signal
from dataclasses import dataclass

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from penstock.entrypoints.server.app import behind_walls, build_app
from penstock.entrypoints.server.config import ServerConfig
from penstock.entrypoints.server.health import health_routes
from penstock.features.identity.assembly import Identity, open_master_key
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.infra.columns import ColumnStore, Opening, apply_steps, open_columns
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.migrate import migrate
from penstock.infra.web.metrics import RequestMetrics
from penstock.kernel.time import SystemClock


@dataclass(frozen=True)
class Stores:
    """What the process owns and must close."""

    database: Database
    columns: Opening

    def close(self) -> None:
        """Closes both."""
        self.columns.close()
        self.database.close()


def run(config: ServerConfig) -> None:
    """Serves until SIGTERM or SIGINT. `SetupError` when it cannot start."""
    home = config.home_path
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(config.database_url or sqlite_url(home / "penstock.db"))
    migrate(database)
    columns = Opening(lambda: open_store(config))
    stores = Stores(database, columns)
    try:
        app = compose(config, stores)
        uvloop.run(_serve(config, app))
    finally:
        stores.close()


def open_store(config: ServerConfig) -> ColumnStore:
    """The column store with its tables current."""
    store = open_columns(config.columns_dsn or f"chdb://{config.home_path / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    return store


def compose(config: ServerConfig, stores: Stores) -> ASGIApp:
    """Builds every vertical over the stores, and the application over them."""
    log = logging.getLogger("penstock.server")
    master_key = open_master_key(config.home_path, stores.database)
    identity = Identity(
        config.home_path, stores.database, master_key, clock=SystemClock(), entropy=os.urandom
    )
    identity.prepare()
    metrics = RequestMetrics()
    checks = {"database": stores.database.ping, "columns": stores.columns.store}
    routers = [
        health_routes(checks, (metrics.lines,)),
        *identity.routes(secure_cookie=config.secure_cookie),
    ]
    app = build_app(config, routers, (), log)
    return behind_walls(config, app, metrics, logging.getLogger("penstock.access"))


async def _serve(config: ServerConfig, app: ASGIApp) -> None:
    server = Server(
        app,
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGINL,
        websockets=False,
        backlog=1024,
        backpressure=512,
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.serve()
