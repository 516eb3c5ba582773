"""From settings to a running installation: lock the home, check the ports, supervise, tell.

The three ways to run share it: everything (`up`), gateways alone, the server alone.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import typer

from penstock.entrypoints.up import plan
from penstock.entrypoints.up.child import Program
from penstock.entrypoints.up.first_steps import first_steps
from penstock.entrypoints.up.probe import is_ready
from penstock.entrypoints.up.simulator import simulator_port, simulator_url
from penstock.entrypoints.up.supervisor import Supervisor
from penstock.infra.process import lock_home, require_free_port
from penstock.infra.settings import Settings
from penstock.kernel.errors import SetupError
from penstock.kernel.time import SystemClock


@dataclass(frozen=True)
class Launch:
    """What to run: programs, the ports they serve with the flag that changes each, and what to
    tell a person once all of them are ready."""

    programs: Sequence[Program]
    ports: dict[int, str]
    tell: Callable[[], None]


def run_all(settings: Settings) -> None:
    """Gateways, server, and the simulator where no other provider is known."""
    with_simulator = simulator_port(settings)
    # In the order in which a call needs them: with the last snapshot on disk, the server can wait.
    programs = plan.gateways(settings, plan.local_server_url(settings))
    if with_simulator:
        programs.append(plan.simulator("127.0.0.1", with_simulator))
    programs.append(plan.server(settings, simulator_url(with_simulator) if with_simulator else ""))
    ports = {settings.gateway.port: "--gateway-port", settings.server.port: "--server-port"}
    first_start = not (settings.home / "bootstrap.json").exists()

    def tell() -> None:
        first_steps(settings, first_start=first_start, simulated=with_simulator is not None)

    launch(settings, Launch(programs, ports, tell))


def run_gateways(settings: Settings, server_url: str) -> None:
    """Gateway workers for a server elsewhere."""
    if not (settings.home / "gateway.token").exists():
        raise SetupError(
            f"There is no {settings.home / 'gateway.token'}.",
            hint="Copy it from the home of the server: it is the secret that both share.",
        )
    address = f"http://{plan.connect_host(settings.host)}:{settings.gateway.port}/v1"
    tell = _line(f"The gateway answers at {address}, for the server at {server_url}.")
    ports = {settings.gateway.port: "--gateway-port"}
    launch(settings, Launch(plan.gateways(settings, server_url), ports, tell))


def run_server(settings: Settings) -> None:
    """The server alone."""
    tell = _line(f"The server answers at {plan.local_server_url(settings)}.")
    ports = {settings.server.port: "--server-port"}
    launch(settings, Launch([plan.server(settings)], ports, tell))


def launch(settings: Settings, what: Launch) -> None:
    """Runs until told to stop. `SetupError` for a locked home or a taken port."""
    lock = lock_home(settings.home)
    try:
        for port, flag in what.ports.items():
            require_free_port(settings.host, port, flag)
        _ensure_gateway_token(settings)
        supervisor = Supervisor(
            what.programs, drain_s=settings.gateway.drain_s, clock=SystemClock(), report=_report
        )
        supervisor.run(_Readiness(settings.host, list(what.ports), what.tell))
    finally:
        lock.release()


class _Readiness:
    """Asks each port in turn, once every process is at work, and tells once all are ready."""

    def __init__(self, host: str, ports: Sequence[int], tell: Callable[[], None]) -> None:
        self._host = plan.connect_host(host)
        self._waiting = list(ports)
        self._tell = tell

    def __call__(self) -> bool:
        while self._waiting and is_ready(self._host, self._waiting[0]):
            self._waiting.pop(0)
        if self._waiting:
            return False
        with suppress(OSError):  # nobody listens to what it prints: no reason to stop
            self._tell()
        return True


def _ensure_gateway_token(settings: Settings) -> None:
    """Made before anybody reads it: server and gateways start at the same time."""
    token = settings.home / "gateway.token"
    if not token.exists():
        from penstock.infra.crypto import ensure_secret_file  # lazy: 50 ms, at the first start only

        ensure_secret_file(token)


def _line(text: str) -> Callable[[], None]:
    return lambda: typer.echo(text)


def _report(event: str) -> None:
    typer.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} WARNING penstock.up: {event}", err=True)
