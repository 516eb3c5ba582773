"""One gateway worker: puts the data plane together, serves it, and takes it down in order.

`python -m penstock.entrypoints.gateway '<GatewayConfig as JSON>'`. Exit code 2: something about
this machine must change first; the line on standard error says what.
"""

import asyncio
import contextlib
import gc
import logging
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from penstock.gateway.app import App, build_app
from penstock.gateway.auth_failures import AuthFailures, FailureLimits
from penstock.gateway.health import Health
from penstock.gateway.ids import Ids
from penstock.gateway.inflight import InFlight
from penstock.gateway.limits import KIB, GatewayLimits
from penstock.gateway.metrics import Metrics
from penstock.gateway.metrics_page import Pages
from penstock.gateway.pipeline import Pipeline
from penstock.gateway.readiness import Readiness
from penstock.gateway.snapshot_client import SnapshotClient
from penstock.gateway.snapshot_files import SnapshotFiles
from penstock.gateway.snapshot_holder import SnapshotHolder
from penstock.gateway.stages.authenticate import Authenticate
from penstock.gateway.stages.dispatch import Dispatch
from penstock.gateway.stages.record import Recorder
from penstock.gateway.stages.relay_stream import RelayStream
from penstock.gateway.stages.relay_unary import RelayUnary
from penstock.gateway.stages.resolve import Resolve
from penstock.infra.announce import announce
from penstock.infra.crypto import Sealer, derive_key, ensure_secret_file
from penstock.infra.egress.client import Egress
from penstock.infra.http_server import HEALTH_PATHS, HttpLimits, HttpServer, HttpStats
from penstock.infra.metrics_access import open_metrics
from penstock.infra.process import keep_freed_memory, read_config_argument
from penstock.infra.registry import Registry
from penstock.infra.spool import Spool
from penstock.infra.spool.policy import SpoolLimits
from penstock.infra.spool.ship_http import http_send
from penstock.kernel.errors import SetupError
from penstock.kernel.ids import uuid7
from penstock.kernel.time import SystemClock
from penstock.rules.snapshot import SEALED_PURPOSE
from penstock.spi.chat import ChatProvider

PAGE_EVERY_S: Final = 1.0
QUIET_S: Final = 5.0  # a server that starts beside may need that long at its first start
GC_THRESHOLDS: Final = (20_000, 20, 50)  # the defaults cost 6 % of a call
FREED_MEMORY: Final = (
    16 * 1024 * KIB
)  # without it, giving back and asking takes 7 % of a large call

_log: Final = logging.getLogger("penstock.gateway")


class GatewayConfig(msgspec.Struct, frozen=True):
    """What a worker needs to know. `home` holds `gateway.token`, `snapshot/`, `spool/`, `run/`."""

    home: str
    host: str = "127.0.0.1"
    port: int = 4000
    server_url: str = "http://127.0.0.1:4001"
    worker: str = "1"
    limits: GatewayLimits = GatewayLimits()
    failures: FailureLimits = FailureLimits()
    metrics_open: bool = False  # /metrics tells names to everybody
    spool: SpoolLimits = SpoolLimits()
    http: HttpLimits = HttpLimits()
    ship_rest_s: float = 3.0  # at the end: what is not shipped by then waits on disk
    first_snapshot_s: float = 10.0  # after that it listens without one
    log_level: str = "info"


class Gateway:
    """The parts of one worker, made but not started."""

    def __init__(self, config: GatewayConfig, on_step: Callable[[str], None]) -> None:
        self.config = config
        home = Path(config.home)
        token = _read_token(home / "gateway.token")
        clock, ids = SystemClock(), Ids()
        self.egress = Egress()
        self.holder = SnapshotHolder()
        self.snapshots = SnapshotClient(
            self.egress,
            self.holder,
            SnapshotFiles(home / "snapshot"),
            server_url=config.server_url,
            token=token.hex(),
            sealer=Sealer(derive_key(token, SEALED_PURPOSE)),
            jitter=random.random,
        )
        self.snapshots.load()
        writer = uuid7(clock.now_ns() // 1_000_000, os.urandom(10)).hex
        self.spool = Spool.open(
            home / "spool",
            writer,
            clock=clock,
            jitter=random.random,
            limits=config.spool,
            on_step=on_step,
        )
        self.send = http_send(self.egress, config.server_url, token.hex())
        self.inflight = InFlight(config.limits)
        self.metrics = Metrics()
        self.http = HttpStats()
        self.pages = Pages(home / "run", config.worker)
        failures = AuthFailures(config.failures, clock.monotonic())
        readiness = Readiness(
            self.holder, self.spool.stats, self.inflight, failures, time.monotonic
        )
        self.health = Health(
            self.metrics,
            readiness.problems,
            readiness.notices,
            lambda: {**readiness.gauges(), **self.http.gauges()},
            self.pages,
            config.worker,
            open_metrics(home, token, everybody=config.metrics_open),
        )
        providers: Registry[ChatProvider] = Registry("penstock.providers")
        providers.get("openai-compatible")  # nearly every call needs it: not the first one's time
        pipeline = Pipeline(
            snapshots=self.holder,
            authenticate=Authenticate(),
            failures=failures,
            inflight=self.inflight,
            resolve=Resolve(providers.get),
            dispatch=Dispatch(self.egress, clock, ids, config.limits),
            relay_unary=RelayUnary(config.limits, clock),
            relay_stream=RelayStream(config.limits, clock),
            recorder=Recorder(self.spool, clock, config.limits),
            metrics=self.metrics,
            clock=clock,
            limits=config.limits,
        )
        self.app = build_app(pipeline, self.health, ids)

    async def serve(self) -> None:
        """Until SIGTERM or SIGINT; then calls finish, records are shipped, and all is closed."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        server = _server(self.app, self.config, self.http)
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(self.snapshots.run()),
                group.create_task(self.spool.run(self.send)),
                group.create_task(self._leave_pages()),
                group.create_task(self._announce()),
            ]
            serving = group.create_task(self._listen(server))
            stopping = asyncio.ensure_future(stopped.wait())
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            server.stop()
            await self.inflight.drain()
            for task in (*background, stopping):
                task.cancel()
            await asyncio.wait((serving,), timeout=1.0)
            serving.cancel()
        await self.spool.drain(self.send, timeout_s=self.config.ship_rest_s)

    async def _listen(self, server: HttpServer) -> None:
        """With a configuration: workers share the port, and no caller is to meet one that has
        none. Without one for long, all the same: then `/readyz` says why."""
        patience_s = self.config.first_snapshot_s
        if not await self.holder.arrives_within(min(patience_s, QUIET_S)):
            _log.warning(
                "Waiting for the first configuration from %s; listening in %g s without it. %s",
                self.config.server_url,
                patience_s,
                self.holder.state.problem,
            )
            await self.holder.arrives_within(patience_s)
        await server.serve()

    async def _announce(self) -> None:
        await self.holder.arrives_within(None)
        await announce(self.config.host, self.config.port)

    def close(self) -> None:
        self.spool.close()
        self.egress.close()
        self.pages.remove()

    async def _leave_pages(self) -> None:
        while True:
            with contextlib.suppress(OSError):  # a full disk must not end the worker
                self.pages.leave(self.health.page())
            await asyncio.sleep(PAGE_EVERY_S)


def run(config: GatewayConfig, on_step: Callable[[str], None] = lambda _: None) -> None:
    """Serves until told to stop. `SetupError` when it cannot work like this.

    `on_step` is told the steps of the spool: the fault points of drills.
    """
    _configure_logging(config.log_level)
    _require_port(config.host, config.port)
    keep_freed_memory(FREED_MEMORY)
    uvloop.run(_run(config, on_step))


async def _run(config: GatewayConfig, on_step: Callable[[str], None]) -> None:
    gateway = Gateway(config, on_step)
    gc.freeze()  # what stands now stands for good; the rest is mostly freed without the collector
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        await gateway.serve()
    finally:
        gateway.close()


def main(argv: list[str]) -> int:
    """One argument: the config as JSON, or `-` to read it from standard input."""
    try:
        run(msgspec.json.decode(read_config_argument(argv[1:]), type=GatewayConfig))
    except SetupError as error:
        print(error.sentence(), file=sys.stderr)  # noqa: T201 - the one line of a failed start
        return 2
    except msgspec.DecodeError as error:
        print(f"The gateway's configuration is wrong: {error}", file=sys.stderr)  # noqa: T201 - the same
        return 2
    return 0


def _server(app: App, config: GatewayConfig, stats: HttpStats) -> HttpServer:
    """Its own limit of requests stands far above ours: ours sheds politely. A call may open a
    connection to its provider: these files are kept."""
    limits = msgspec.structs.replace(
        config.http,
        max_requests=4 * config.limits.max_in_flight,
        kept_files=config.http.kept_files + config.limits.max_in_flight,
    )
    return HttpServer(
        app,
        config.host,
        config.port,
        limits=limits,
        exempt=HEALTH_PATHS,
        stats=stats,
        share_port=True,
    )


def _configure_logging(level: str) -> None:
    logging.basicConfig(
        level=level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


def _require_port(host: str, port: int) -> None:
    """Other workers may share the port; anybody else on it would make the server panic."""
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


def _read_token(path: Path) -> bytes:
    if not path.exists():
        raise SetupError(
            f"There is no {path}.",
            hint="Copy gateway.token from the server's home; `penstock up` makes it.",
        )
    return ensure_secret_file(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
