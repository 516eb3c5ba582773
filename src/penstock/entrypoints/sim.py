"""The simulator process: `python -m penstock.entrypoints.sim '<SimConfig as JSON>'`.

The first line on standard output is its address as JSON.
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
    """Takes the configuration as JSON, or `-` to read it from standard input; default: `{}`."""
    try:
        run(msgspec.json.decode(read_config_argument(argv[1:], "{}"), type=SimConfig))
    except SetupError as error:
        print(error.sentence(), file=sys.stderr)  # noqa: T201 - the only output of a failed start
        return 2
    except msgspec.DecodeError as error:
        print(f"The simulator's configuration is invalid: {error}", file=sys.stderr)  # noqa: T201 - the same
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
    await asyncio.wait((serving,), timeout=_GRACE_S)  # a stalled answer never ends
    for task in (serving, stopping):
        task.cancel()


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
