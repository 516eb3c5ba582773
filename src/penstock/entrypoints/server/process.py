"""Runs the server process: opens its parts, serves, stops in order."""

import asyncio
import signal

import uvloop

from penstock.entrypoints.server.composition import ServerComposition
from penstock.entrypoints.server.config import ServerConfig
from penstock.infra.http_server import HEALTH_PATHS, HttpServer
from penstock.infra.process import require_free_port


def run(config: ServerConfig) -> None:
    """Serves until SIGTERM or SIGINT. Raises `SetupError` if it cannot start."""
    require_free_port(config.host, config.port, "--server-port")
    parts = ServerComposition(config)
    try:
        uvloop.run(_serve(config, parts))
    finally:
        parts.close()


async def _serve(config: ServerConfig, parts: ServerComposition) -> None:
    server = HttpServer(
        parts.app(),
        config.host,
        config.port,
        limits=config.http,
        exempt=HEALTH_PATHS,
        stats=parts.http,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    beside = asyncio.create_task(parts.run())
    until = asyncio.create_task(stopping.wait())
    await asyncio.wait((serving, beside, until), return_when=asyncio.FIRST_COMPLETED)
    for task in (until, beside):
        task.cancel()
    server.stop()
    await asyncio.wait((serving, beside), timeout=config.drain_s)
    _raise_first(serving, beside)


def _raise_first(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()
