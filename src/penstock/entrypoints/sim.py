"""The simulator process: `python -m penstock.entrypoints.sim '<SimConfig as JSON>'`.

The first line on standard output is its address as JSON.
"""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import uvloop

from penstock.infra.announce import announce
from penstock.infra.http_server import HttpLimits, HttpServer
from penstock.infra.main import run_main
from penstock.infra.process import free_port, require_free_port
from penstock.infra.serve import serve_until_stopped
from penstock.kernel.errors import PenstockError, SetupError
from penstock.kernel.time import SystemClock
from penstock.sim.app import App, build_app
from penstock.sim.config import SimConfig

_REQUESTS = 4096
_GRACE_S = 2.0


def run(config: SimConfig) -> None:
    """Serves until SIGTERM or SIGINT. Raises `SetupError` if it cannot start."""
    port = config.port or free_port(config.host)
    require_free_port(config.host, port, "--port")
    with _log(config.log) as write:
        try:
            app = build_app(config, write, SystemClock())
        except PenstockError as error:
            raise SetupError(error.message, hint="Change the setting `faults`.") from error
        uvloop.run(_serve(app, config.host, port))


def main(argv: list[str]) -> int:
    """Runs the simulator and returns its exit code. Without an argument it uses the defaults."""
    return run_main(argv[1:], SimConfig, run, name="simulator", default="{}")


async def _serve(app: App, host: str, port: int) -> None:
    server = HttpServer(app, host, port, limits=HttpLimits(max_requests=_REQUESTS))
    # A stalled answer never ends: it is cut off after the grace period.
    await serve_until_stopped(server, grace_s=_GRACE_S, announcement=announce(host, port))


@contextmanager
def _log(target: str) -> Generator[Callable[[bytes], object]]:
    """Yields a function that writes a log line to `target`."""
    if not target:
        yield lambda _line: None
    elif target == "-":
        yield partial(os.write, sys.stderr.fileno())
    else:
        try:
            stream = Path(target).open("ab", buffering=0)  # noqa: SIM115 - closed below
        except OSError as error:
            raise SetupError(f"Cannot write the log {target}: {error.strerror}.") from error
        with stream:
            yield stream.write


if __name__ == "__main__":
    sys.exit(main(sys.argv))
