"""`penstock demo`: sends realistic traffic through the gateway, to fill the console."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import (
    api_key,
    gateway_key,
    gateway_url,
    open_api,
    server_url,
    trust_of,
)
from penstock.entrypoints.cli.demo_script import DemoCall, draw_call
from penstock.entrypoints.cli.output import show_json
from penstock.entrypoints.cli.story.project import StoryProject
from penstock.entrypoints.cli.story.script import USE_CASE
from penstock.entrypoints.cli.story.telling import Story, as_document
from penstock.entrypoints.cli.story.traffic import StoryAccess, StoryTraffic
from penstock.entrypoints.up.simulator import NAME as SIMULATOR
from penstock.infra.egress.client import Egress
from penstock.infra.egress.exchange import UpstreamTimeLimits
from penstock.infra.settings import load
from penstock.infra.settings_tree import Settings
from penstock.kernel.errors import PenstockError, SetupError, UpstreamFailed
from penstock.spi.http import HttpRequest

_LIMITS: Final = UpstreamTimeLimits(5.0, 60.0, 60.0, 120.0)


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command."""
    app.command(name, help=line)(demo)


def demo(
    *,
    calls: Annotated[int, typer.Option(min=1, max=100_000, help="Number of calls.")] = 100,
    at_once: Annotated[int, typer.Option(min=1, max=200, help="Number of concurrent calls.")] = 8,
    seed: Annotated[int, typer.Option(help="The same seed gives the same calls.")] = 0,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Model to call instead of the simulator (repeatable). It may cost money."
        ),
    ] = None,
    story: Annotated[
        bool,
        typer.Option(
            "--story", help="Two changes of a prompt: one is rolled back by itself, one promoted."
        ),
    ] = False,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Send calls of several teams and use cases, streamed and not; a few of them fail."""
    settings = load({"home": home}).settings
    url = gateway_url(settings)
    client = _DemoClient(url, _key(settings), Egress(trust_of(settings, url)))
    draw = random.Random(seed)  # noqa: S311 - not a secret
    if story:
        if model:
            raise typer.BadParameter("the story uses the simulator", param_hint="--model")
        asyncio.run(_require_simulator(client))
        _tell(settings, draw, home, as_json=as_json)
        return
    console = Console(stderr=True, quiet=as_json)

    def script(models: Sequence[str]) -> list[DemoCall]:
        return [draw_call(draw, models) for _ in range(calls)]

    outcomes = asyncio.run(_run(client, script, model or [], at_once, console))
    if as_json:
        show_json(outcomes)
    else:
        typer.echo(", ".join(f"{count} {name}" for name, count in sorted(outcomes.items())))
        typer.echo(f"Open the console: {server_url(settings)}")


def _tell(settings: Settings, draw: random.Random, home: Path | None, *, as_json: bool) -> None:
    with open_api(home) as api:
        path = api.project(None)
        gateway, server = gateway_url(settings), api.base_url
        access = StoryAccess(
            gateway_url=gateway,
            gateway_key=_key(settings),
            gateway_trust=trust_of(settings, gateway),
            server_url=server,
            server_key=api_key(settings),
            server_trust=trust_of(settings, server),
        )
        traffic = StoryTraffic(access, USE_CASE, draw)
        console = f"{server}/projects/{path.rpartition('/')[2]}"
        tell = partial(typer.echo, err=as_json)
        ends = Story(StoryProject(api, path, USE_CASE), traffic, tell, console).run()
    if as_json:
        show_json(as_document(ends, traffic))


async def _require_simulator(client: "_DemoClient") -> list[str]:
    """Returns the models of the simulator. Raises `SetupError` if it does not run."""
    if models := await client.simulated_models():
        return models
    raise SetupError(
        "The simulator is not running, and other models may cost money.",
        hint="Start it with `penstock up --demo`, or add --model NAME.",
    )


def _key(settings: Settings) -> str:
    """The API key of the settings, or else the stored application key."""
    return api_key(settings) if settings.api_key.get_secret_value() else gateway_key(settings)


class _DemoClient:
    """An application that calls the gateway."""

    def __init__(self, url: str, key: str, egress: Egress) -> None:
        self._url = url
        self._authorization = (b"authorization", f"Bearer {key}".encode())
        self.egress = egress

    async def simulated_models(self) -> list[str]:
        """The ids of the simulator's models."""
        request = HttpRequest("GET", f"{self._url}/v1/models", (self._authorization,))
        try:
            answer = await self.egress(request, timeout_s=10, private_allowed=True)
        except UpstreamFailed as error:
            raise UpstreamFailed(
                f"The gateway at {self._url} does not answer.", hint="Start it with `penstock up`."
            ) from error
        listed = json.loads(answer.body).get("data", ())
        return [str(model["id"]) for model in listed if model["owned_by"] == SIMULATOR]

    async def call(self, call: DemoCall) -> str:
        """Makes one call and returns its outcome. Disconnects early if the call says so."""
        headers = (
            self._authorization,
            (b"content-type", b"application/json"),
            *((f"x-penstock-{name}".encode(), value.encode()) for name, value in call.attributes),
        )
        request = HttpRequest(
            "POST", f"{self._url}{call.path}", headers, json.dumps(call.body).encode()
        )
        try:
            exchange = await self.egress.open(request, _LIMITS, private_allowed=True)
            try:
                async for _ in exchange:
                    if call.cancels_early:
                        return "cancelled"
            finally:
                exchange.abort()
        except PenstockError as error:
            return error.code
        return "answered" if exchange.status < 400 else f"failed ({exchange.status})"


async def _run(
    client: _DemoClient,
    script: Callable[[Sequence[str]], list[DemoCall]],
    models: Sequence[str],
    at_once: int,
    console: Console,
) -> dict[str, int]:
    models = models or await _require_simulator(client)
    outcomes: Counter[str] = Counter()
    todo = script(models)
    with _progress(console) as progress:
        task = progress.add_task("calls", total=len(todo))

        async def work() -> None:
            while todo:
                outcomes[await client.call(todo.pop())] += 1
                progress.advance(task)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
    client.egress.close()
    return dict(outcomes)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
