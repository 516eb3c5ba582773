"""Runs an installation: locks the home, checks the ports, supervises, reports readiness.

Shared by `penstock up`, `penstock gateway` and `penstock server`.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import typer

from penstock.entrypoints.up import plan
from penstock.entrypoints.up.child import Program, ServedPort
from penstock.entrypoints.up.first_steps import first_steps
from penstock.entrypoints.up.probe import is_ready
from penstock.entrypoints.up.simulator import HOST, simulator_port, simulator_url
from penstock.entrypoints.up.supervisor import Supervisor
from penstock.infra.home import Home
from penstock.infra.home_lock import Addresses, lock_home
from penstock.infra.process import require_free_port
from penstock.infra.settings_tree import Settings
from penstock.kernel.errors import SetupError
from penstock.kernel.time import SystemClock


@dataclass(frozen=True)
class Launch:
    """The programs to run, in the order of their start; the URLs of the installation, for its
    commands; `on_ready`, called once all ports are ready."""

    programs: Sequence[Program]
    addresses: Addresses
    on_ready: Callable[[], None]

    @property
    def ports(self) -> Sequence[ServedPort]:
        """The ports of the programs; several workers share one."""
        return list(dict.fromkeys(one.port for one in self.programs if one.port))


def run_all(settings: Settings) -> None:
    """Runs gateways and server, and the simulator if no other provider exists."""
    port = simulator_port(settings)
    # Gateways first: with a snapshot on disk they serve before the server is ready.
    programs = [
        *plan.gateways(settings, plan.local_server_url(settings)),
        *([plan.simulator(settings, HOST, port)] if port else ()),
        plan.server(settings, simulator_url(port) if port else ""),
        plan.worker(settings),
    ]
    addresses = Addresses(plan.local_server_url(settings), plan.local_gateway_url(settings))
    first_run = not Home(settings.home).bootstrap.exists()

    def on_ready() -> None:
        first_steps(settings, first_run=first_run, simulated=port is not None)

    launch(settings, Launch(programs, addresses, on_ready))


def run_gateways(settings: Settings, server_url: str) -> None:
    """Runs gateway workers for a server on another machine."""
    _require_gateway_token(settings)
    address = f"{plan.local_gateway_url(settings)}/v1"
    on_ready = _line(f"The gateway listens at {address} and uses the server at {server_url}.")
    addresses = Addresses(server_url, plan.local_gateway_url(settings))
    launch(settings, Launch(plan.gateways(settings, server_url), addresses, on_ready))


def run_server(settings: Settings) -> None:
    """Runs only the server."""
    on_ready = _line(f"The server listens at {plan.local_server_url(settings)}.")
    addresses = Addresses(plan.local_server_url(settings), settings.gateway_url)
    launch(settings, Launch([plan.server(settings), plan.worker(settings)], addresses, on_ready))


def run_worker(settings: Settings) -> None:
    """Runs only a worker, for an installation on other machines whose database it shares."""
    if not settings.server.database_url.get_secret_value():
        raise SetupError(
            "A worker of its own needs the database that it shares with the server.",
            hint="Set server.database_url; with SQLite, `penstock up` starts the worker itself.",
        )
    _require_gateway_token(settings)
    on_ready = _line(f"The worker uses the gateway at {settings.gateway_url or 'this machine'}.")
    worker = plan.worker(settings, only_when_wanted=False)
    launch(settings, Launch([worker], Addresses(), on_ready))


def launch(settings: Settings, what: Launch) -> None:
    """Runs until a signal stops it. Raises `SetupError` for a locked home or a port in use."""
    lock = lock_home(settings.home)
    try:
        for port, flag, _ in what.ports:
            require_free_port(settings.host, port, flag)
        _ensure_gateway_token(settings)
        lock.publish(what.addresses)
        supervisor = Supervisor(
            what.programs,
            drain_s=settings.gateway.drain_s,
            retire_s=settings.gateway.retire_s,
            clock=SystemClock(),
            report=_report,
            publish=lock.publish_restart,
        )
        supervisor.run(_Readiness(settings.host, what.ports, what.on_ready))
    finally:
        lock.release()


class _Readiness:
    """Checks one port after the other, and calls `on_ready` once all are ready."""

    def __init__(
        self, host: str, ports: Sequence[ServedPort], on_ready: Callable[[], None]
    ) -> None:
        self._host = plan.connect_host(host)
        self._waiting = [*ports]
        self._on_ready = on_ready

    def __call__(self) -> bool:
        while self._waiting and self._is_ready(self._waiting[0]):
            self._waiting.pop(0)
        if self._waiting:
            return False
        with suppress(OSError):  # standard output may be closed: keep running
            self._on_ready()
        return True

    def _is_ready(self, port: ServedPort) -> bool:
        return is_ready(self._host, port.number, port.certificate)


def _require_gateway_token(settings: Settings) -> None:
    token = Home(settings.home).gateway_token
    if not token.exists():
        raise SetupError(
            f"There is no {token}.",
            hint="Copy it from the server's home: its gateways and workers share this secret.",
        )


def _ensure_gateway_token(settings: Settings) -> None:
    """Creates the token before server and gateways start and read it."""
    token = Home(settings.home).gateway_token
    if not token.exists():
        from penstock.infra.crypto import ensure_secret_file  # lazy: 50 ms, at the first start only

        ensure_secret_file(token)


def _line(text: str) -> Callable[[], None]:
    return lambda: typer.echo(text)


def _report(event: str) -> None:
    typer.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} WARNING penstock.up: {event}", err=True)
