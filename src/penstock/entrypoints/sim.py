"""The simulator's process: `python -m penstock.entrypoints.sim '<SimConfig as JSON>'`.

One process; its first line on standard output is its address as JSON.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import uvloop

from penstock.infra.announce import announce
from penstock.infra.http_server import HttpLimits, HttpServer
from penstock.infra.process import free_port, read_config_argument, require_free_port
from penstock.kernel.errors import PenstockError, SetupError
from penstock.kernel.time import SystemClock
from penstock.sim.app import App, build_app
from penstock.sim.config import SimConfig

_REQUESTS = 4096
_GRACE_S = 2.0


def run(config: SimConfig) -> None:
    """Serves until SIGTERM or SIGINT. `SetupError` if it cannot start."""
    port = config.port or free_port(config.host)
    require_free_port(config.host, port, "--port")
    with _log(config.log) as write:
        try:
            app = build_app(config, write, SystemClock())
        except PenstockError as error:
            raise SetupError(error.message, hint="Name other faults.") from error
        uvloop.run(_serve(app, config.host, port))


def main(argv: list[str]) -> int:
    """One argument: the config as JSON, or `-` to read it from standard input; none = defaults."""
    try:
        run(msgspec.json.decode(read_config_argument(argv[1:], "{}"), type=SimConfig))
    except SetupError as error:
        print(error.sentence(), file=sys.stderr)  # noqa: T201 - the one line of a failed start
        return 2
    except msgspec.DecodeError as error:
        print(f"The simulator's configuration is wrong: {error}", file=sys.stderr)  # noqa: T201 - the same
        return 2
    return 0


async def _serve(app: App, host: str, port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = HttpServer(app, host, port, limits=HttpLimits(max_requests=_REQUESTS))
    await server.listen()
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stopped.wait())
    await announce(host, port)
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    server.stop()
    await asyncio.wait((serving,), timeout=_GRACE_S)  # a stalled answer would never end
    for task in (serving, stopping):
        task.cancel()


@contextmanager
def _log(target: str) -> Generator[Callable[[bytes], object]]:
    """Where the lines of the log go."""
    if not target:
        yield lambda _line: None
    elif target == "-":
        yield partial(os.write, sys.stderr.fileno())
    else:
        try:
            stream = Path(target).open("ab", buffering=0)  # noqa: SIM115 - closed below
        except OSError as error:
            raise SetupError(f"The log {target} cannot be written: {error.strerror}.") from error
        with stream:
            yield stream.write


if __name__ == "__main__":
    sys.exit(main(sys.argv))
