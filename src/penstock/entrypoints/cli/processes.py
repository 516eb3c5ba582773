"""`penstock up`, `gateway`, `server`, `sim`: the doors through which processes are started."""

from typing import Annotated

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.up import launch
from penstock.infra.settings import load

Host = Annotated[str | None, typer.Option(help="Address to listen on. [127.0.0.1]")]
GatewayPort = Annotated[int | None, typer.Option(help="Port that applications call. [4000]")]
ServerPort = Annotated[int | None, typer.Option(help="Port of REST API and console. [4001]")]
Workers = Annotated[int | None, typer.Option(min=1, help="Gateway processes. [1]")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds one of the commands."""
    command = {"up": up, "gateway": gateway, "server": server, "sim": sim}[name]
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
        typer.Option(help="The simulated provider. [when no other provider is known]"),
    ] = None,
) -> None:
    """Run everything on this machine."""
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
    server_url: Annotated[str, typer.Option("--server", help="Where the server is.")],
    *,
    home: options.Home = None,
    host: Host = None,
    gateway_port: GatewayPort = None,
    workers: Workers = None,
) -> None:
    """Run gateway workers alone. The home needs the server's gateway.token, nothing else."""
    flags = {
        "home": home,
        "host": host,
        "gateway.port": gateway_port,
        "gateway.workers": workers,
    }
    launch.run_gateways(load(flags).settings, server_url)


def server(*, home: options.Home = None, host: Host = None, server_port: ServerPort = None) -> None:
    """Run the server alone; gateways elsewhere need its address and its gateway.token."""
    flags = {"home": home, "host": host, "server.port": server_port}
    launch.run_server(load(flags).settings)


def sim(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0: any free one.")] = 4010,
    seed: Annotated[int, typer.Option(help="Same seed, same answers.")] = 0,
    latency_ms: Annotated[float, typer.Option(help="Until the first token.")] = 0.0,
    tokens_per_second: Annotated[float, typer.Option(help="0: all at once.")] = 0.0,
    tokens: Annotated[int, typer.Option(help="Length of answers; 0: a few sentences.")] = 0,
    requests_per_minute: Annotated[float, typer.Option(help="Per API key; 0: no limit.")] = 0.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="FAULT=PROBABILITY", help="Such as 500=0.01 or cut=0.1 (repeat)."),
    ] = None,
    log: Annotated[str, typer.Option(help="File for a line per call; - for stderr.")] = "",
) -> None:
    """Run the simulated provider alone."""
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
            faults=dict(map(_fault, fault or ())),
            log=log,
        )
    )


def _fault(text: str) -> tuple[str, float]:
    name, _, probability = text.partition("=")
    try:
        return name, float(probability)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not like 500=0.01", param_hint="--fault") from None
