"""`penstock up`, `gateway`, `server`, `worker`, `sim`: the commands that start processes."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.up import launch
from penstock.entrypoints.up.supervisor import RESTART_SIGNAL
from penstock.infra.home_lock import RestartState, find_owner
from penstock.infra.settings import load
from penstock.kernel.errors import SetupError

Host = Annotated[str | None, typer.Option(help="Address to listen on. [127.0.0.1]")]
GatewayPort = Annotated[int | None, typer.Option(help="Port of the gateway. [4000]")]
ServerPort = Annotated[int | None, typer.Option(help="Port of REST API and console. [4001]")]
Workers = Annotated[int | None, typer.Option(min=1, help="Number of gateway processes. [1]")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds one of the commands."""
    commands = {
        "up": up,
        "gateway": gateway,
        "server": server,
        "worker": worker,
        "sim": sim,
        "restart": restart,
    }
    command = commands[name]
    app.command(name, help=line)(command)


def up(
    *,
    home: options.Home = None,
    host: Host = None,
    gateway_port: GatewayPort = None,
    server_port: ServerPort = None,
    workers: Workers = None,
    demo: Annotated[
        bool | None,
        typer.Option(help="Start the simulated provider. [if no other provider exists]"),
    ] = None,
) -> None:
    """Start gateway and server on this machine, and the simulated provider if no other provider
    exists."""
    flags = {
        "home": home,
        "host": host,
        "gateway.port": gateway_port,
        "gateway.workers": workers,
        "server.port": server_port,
        "demo": None if demo is None else ("on" if demo else "off"),
    }
    launch.run_all(load(flags).settings)


def gateway(
    server_url: Annotated[str, typer.Option("--server", help="URL of the server.")],
    *,
    home: options.Home = None,
    host: Host = None,
    gateway_port: GatewayPort = None,
    workers: Workers = None,
) -> None:
    """Start only gateway workers. The home needs only the server's gateway.token."""
    flags = {
        "home": home,
        "host": host,
        "gateway.port": gateway_port,
        "gateway.workers": workers,
    }
    launch.run_gateways(load(flags).settings, server_url)


def restart(*, home: options.Home = None) -> None:
    """Replace the gateway workers by new processes, one after the other. No call and no stream is
    lost; those in progress end in the old processes. Settings stay those of the start."""
    folder = load({"home": home}).settings.home
    owner = find_owner(folder)
    if owner is None:
        raise SetupError(f"No installation runs in {folder}.", hint="Start it: penstock up")
    if owner.restart is None:
        raise SetupError(
            "The running installation was started by a version without rolling restarts.",
            hint="Stop it and start it again.",
        )
    os.kill(owner.pid, RESTART_SIGNAL)
    shown = owner.restart
    while (state := _next_state(folder, shown)).state == "running":
        shown = state
        typer.echo(state.detail)
    if state.state != "done":
        raise SetupError(f"Not all workers were restarted. {state.detail}")
    typer.echo("All gateway workers are new.")


def _next_state(folder: Path, shown: RestartState) -> RestartState:
    """Waits for the next state of the restart. Raises `SetupError` if its process has ended."""
    while True:
        owner = find_owner(folder)
        if owner is None or owner.restart is None:
            raise SetupError("The installation has stopped.")
        if owner.restart != shown:
            return owner.restart
        time.sleep(0.1)


def server(*, home: options.Home = None, host: Host = None, server_port: ServerPort = None) -> None:
    """Start only the server. Gateways on other machines need its URL and its gateway.token."""
    flags = {"home": home, "host": host, "server.port": server_port}
    launch.run_server(load(flags).settings)


def worker(*, home: options.Home = None) -> None:
    """Start only a worker, for the installation whose database (server.database_url) and gateway
    (gateway_url) are set. `penstock up` and `penstock server` start their own when there is
    work."""
    launch.run_worker(load({"home": home}).settings)


def sim(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 = any free port.")] = 4010,
    seed: Annotated[int, typer.Option(help="The same seed gives the same answers.")] = 0,
    latency_ms: Annotated[float, typer.Option(help="Time to the first token.")] = 0.0,
    tokens_per_second: Annotated[float, typer.Option(help="Speed; 0 = no delay.")] = 0.0,
    tokens: Annotated[int, typer.Option(help="Tokens of an answer; 0 = a few sentences.")] = 0,
    requests_per_minute: Annotated[
        float, typer.Option(help="Rate limit of each API key; 0 = no limit.")
    ] = 0.0,
    concurrent_calls: Annotated[
        int, typer.Option(min=0, help="Calls at once; further ones get 429. 0 = no limit.")
    ] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="FAULT=PROBABILITY", help="Such as 500=0.01 or cut=0.1 (repeatable)."),
    ] = None,
    log: Annotated[str, typer.Option(help="File for one line per call; - = stderr.")] = "",
) -> None:
    """Start only the simulated provider."""
    from penstock.entrypoints import sim as process  # lazy: its HTTP server, for this command only
    from penstock.sim.config import SimConfig  # lazy: the same

    process.run(
        SimConfig(
            host=host,
            port=port,
            seed=seed,
            latency_ms=latency_ms,
            tokens_per_second=tokens_per_second,
            tokens=tokens,
            requests_per_minute=requests_per_minute,
            concurrent_calls=concurrent_calls,
            faults=dict(map(_fault, fault or ())),
            log=log,
        )
    )


def _fault(text: str) -> tuple[str, float]:
    name, _, probability = text.partition("=")
    try:
        return name, float(probability)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not valid: write FAULT=PROBABILITY, such as 500=0.01",
            param_hint="--fault",
        ) from None
