"""Runs the worker process: takes its name, opens its parts, works until a signal or idle."""

import asyncio
import json
import signal
import time
from typing import Final

import uvloop

from penstock.entrypoints.worker.composition import WorkerComposition
from penstock.entrypoints.worker.config import WorkerConfig
from penstock.infra.home import Home
from penstock.infra.jobs.worker_name import WorkerName
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.migrate import head_version, stored_version
from penstock.kernel.errors import SetupError

_MIGRATED_WITHIN_S: Final = 60.0  # by the server, which may just be starting


def run(config: WorkerConfig) -> None:
    """Works until SIGTERM or SIGINT, or until it is idle. Raises `SetupError` if it cannot
    start."""
    home = Home(config.home_path)
    name = WorkerName.take(home.worker_name)
    database = Database(config.database_url or sqlite_url(home.database))
    try:
        _wait_for_schema(database)
        uvloop.run(_work(config, database, name.name))
    finally:
        database.close()
        name.release()


async def _work(config: WorkerConfig, database: Database, name: str) -> None:
    parts = WorkerComposition(config, database, name)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, parts.runner.stop)
    print(json.dumps({"worker": name}), flush=True)  # noqa: T201 - the announcement
    try:
        await parts.runner.run(config.idle_s)
    finally:
        parts.close()


def _wait_for_schema(database: Database) -> None:
    """Waits until the server has migrated the database. Raises `SetupError` if it does not."""
    until = time.monotonic() + _MIGRATED_WITHIN_S
    while (stored := stored_version(database)) != head_version():
        if time.monotonic() >= until:
            raise SetupError(
                f"The database has schema version {stored or 'none'}; this worker needs "
                f"{head_version()}.",
                hint="Start a server of the same version first: it migrates the database.",
            )
        time.sleep(0.2)
