"""The life of the server process: open, serve, stop in order."""

import asyncio
import signal

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from penstock.entrypoints.server.composition import Composition
from penstock.entrypoints.server.config import ServerConfig
from penstock.infra.process import require_free_port


def run(config: ServerConfig) -> None:
    """Serves until SIGTERM or SIGINT. `SetupError` when it cannot start."""
    require_free_port(config.host, config.port, "--server-port")
    parts = Composition(config)
    try:
        uvloop.run(_serve(config, parts.app()))
    finally:
        parts.close()


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
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    ending = asyncio.create_task(stopping.wait())
    await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
    server.stop()
    ending.cancel()
    await asyncio.wait((serving,), timeout=config.drain_s)
    if serving.done():
        serving.result()
