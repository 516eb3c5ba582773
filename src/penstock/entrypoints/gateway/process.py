"""The life of a worker process: open, listen, serve, drain, ship the remaining records, close."""

import asyncio
import contextlib
import gc
import logging
import socket
import sys
from typing import Final

import msgspec
import uvloop

from penstock.entrypoints.gateway.composition import GatewayComposition
from penstock.entrypoints.gateway.config import GatewayConfig
from penstock.entrypoints.gateway.extensions import Extensions
from penstock.gateway.call_limits import KIB
from penstock.infra.announce import announce
from penstock.infra.http_server import HEALTH_PATHS, HttpServer
from penstock.infra.process import keep_freed_memory
from penstock.infra.serve import serve_until_stopped
from penstock.kernel.errors import SetupError

PAGE_EVERY_S: Final = 1.0
QUIET_S: Final = 5.0  # a server that starts beside the worker may need that long at first
GC_THRESHOLDS: Final = (20_000, 20, 50)  # the defaults cost 6 % of a call
FREED_MEMORY: Final = 16 * 1024 * KIB  # returning it to the system costs 7 % of a large call

_log: Final = logging.getLogger("penstock.gateway")


def run(config: GatewayConfig, extensions: Extensions) -> None:
    """Serves until SIGTERM or SIGINT. Raises `SetupError` when it cannot start."""
    _configure_logging(config.log_level)
    if config.listen_fd < 0:
        _require_port(config.host, config.port)
    keep_freed_memory(FREED_MEMORY)
    uvloop.run(_run(config, extensions))


async def _run(config: GatewayConfig, extensions: Extensions) -> None:
    parts = GatewayComposition(config, extensions)
    gc.freeze()  # objects made so far live as long as the process; the collector skips them
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()
    try:
        await _serve(parts)
    finally:
        parts.close()


async def _serve(parts: GatewayComposition) -> None:
    """Serves until a signal; then calls finish, and records are shipped."""
    await serve_until_stopped(
        _server(parts),
        grace_s=1.0,
        before=_wait_for_snapshot(parts),
        background=(
            parts.snapshots.run(),
            parts.spool.run(parts.send),
            parts.counters.run(),
            parts.breakers.run(),
            parts.checks.run(),
            parts.answers.run(),
            _write_pages(parts),
            *((parts.certificate.run(),) if parts.certificate else ()),
        ),
        announcement=_announce(parts),
        drain=parts.drain,
        on_retire=parts.retire,
    )
    await parts.spool.drain(parts.send, timeout_s=parts.config.ship_rest_s)


async def _wait_for_snapshot(parts: GatewayComposition) -> None:
    """Returns once there is a snapshot, because workers share the port and a caller must not reach
    one without. Returns after `first_snapshot_s` all the same: then `/readyz` gives the reason.
    """
    patience_s = parts.config.first_snapshot_s
    if not await parts.holder.arrives_within(min(patience_s, QUIET_S)):
        _log.warning(
            "Waiting for the first configuration from %s; listening in %g s without it. %s",
            parts.config.server_url,
            patience_s,
            parts.holder.state.problem,
        )
        await parts.holder.arrives_within(patience_s)


async def _announce(parts: GatewayComposition) -> None:
    await parts.holder.arrives_within(None)
    await announce(parts.config.host, parts.config.port)


async def _write_pages(parts: GatewayComposition) -> None:
    while True:
        with contextlib.suppress(OSError):  # a full disk must not end the worker
            if not parts.retired:
                parts.pages.write(parts.health.page())
        await asyncio.sleep(PAGE_EVERY_S)


def _server(parts: GatewayComposition) -> HttpServer:
    """The server's own request limit is four times ours, so that ours answers with an error that
    clients understand. Each call may open a connection to its provider: these files are kept."""
    config = parts.config
    limits = msgspec.structs.replace(
        config.http,
        max_requests=4 * config.limits.max_in_flight,
        kept_files=config.http.kept_files + config.limits.max_in_flight,
    )
    return HttpServer(
        parts.app,
        config.host,
        config.port,
        limits=limits,
        exempt=HEALTH_PATHS,
        stats=parts.http,
        tls=parts.certificate.context if parts.certificate else None,
        share_port=True,
        sock=socket.socket(fileno=config.listen_fd) if config.listen_fd >= 0 else None,
    )


def _configure_logging(level: str) -> None:
    logging.basicConfig(
        level=level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


def _require_port(host: str, port: int) -> None:
    """Raises `SetupError` if another program has the port. Other workers may share it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SetupError(
                f"Cannot listen on {host}:{port}: {error.strerror}.",
                hint="Stop the other program, or choose another port with --gateway-port.",
            ) from error
