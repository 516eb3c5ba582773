"""The progress bar of an evaluation run: results, cost so far, forecast."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import typer

_EVERY_S: Final = 0.5  # between two looks at a run
_OPEN: Final = ("queued", "running")


def follow(
    look: Callable[[], Mapping[str, Any]], sleep: Callable[[float], None]
) -> Mapping[str, Any]:
    """Returns a run once it has ended. Shows its progress on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        return _until_ended(look, sleep, lambda _: None)
    from rich.console import Console  # lazy: 70 ms, for terminals only
    from rich.progress import Progress  # lazy: the same

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("queued", total=None)

        def shown(run: Mapping[str, Any]) -> None:
            progress = run["progress"]
            total, done = progress["total"], progress["done"]
            bar.update(task, description=describe(run), total=total, completed=done)

        try:
            return _until_ended(look, sleep, shown)
        except KeyboardInterrupt:
            typer.echo("The run goes on: penstock eval list", err=True)
            raise


def describe(run: Mapping[str, Any]) -> str:
    """Returns the line beside the bar."""
    progress = run["progress"]
    cost, forecast = progress["cost_usd"], progress["forecast_usd"]
    cap = f" of at most {run['cost_cap_usd']:.4g}" if run["cost_cap_usd"] else ""
    expected = f", {forecast:.4g} expected" if forecast else ""
    return f"{run['state']}, {progress['done']} results, {cost:.4g} USD{expected}{cap}"


def _until_ended(
    look: Callable[[], Mapping[str, Any]],
    sleep: Callable[[float], None],
    shown: Callable[[Mapping[str, Any]], None],
) -> Mapping[str, Any]:
    while (run := look())["state"] in _OPEN:
        shown(run)
        sleep(_EVERY_S)
    return run
