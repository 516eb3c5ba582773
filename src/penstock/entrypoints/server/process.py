"""Runs the server process: opens its parts, serves, stops in order."""

import gc

import uvloop

from penstock.entrypoints.server.composition import ServerComposition
from penstock.entrypoints.server.config import ServerConfig
from penstock.infra.http_server import HEALTH_PATHS, HttpServer
from penstock.infra.process import require_free_port
from penstock.infra.serve import serve_until_stopped


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
        tls=parts.certificate.context if parts.certificate else None,
    )
    gc.freeze()  # objects made so far live as long as the process; the collector skips them
    gc.enable()
    watching = (parts.certificate.run(),) if parts.certificate else ()
    background = (parts.run(), *watching)
    await serve_until_stopped(server, grace_s=config.drain_s, background=background)
