"""`penstock price`: a project's own prices, which take precedence over public prices."""

from typing import Annotated, Any

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record

COLUMNS = ("id", "provider", "model", "starts_at", "prices")
NONE_YET = "No own prices yet: penstock price add MODEL --input USD --output USD"
PER_MILLION = "Price of a million such tokens."


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {"add": add, "list": list_prices, "remove": remove}
    add_group(app, name, line, commands)


def add(
    model: Annotated[str, typer.Argument(help="Model name or pattern, such as 'llama-*'.")],
    *,
    provider: Annotated[str, typer.Option(help="Provider name or pattern.")] = "*",
    input_tokens: Annotated[
        str | None, typer.Option("--input", metavar="USD", help=PER_MILLION)
    ] = None,
    output_tokens: Annotated[
        str | None, typer.Option("--output", metavar="USD", help=PER_MILLION)
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="UNIT=USD",
            help="Price of another unit, such as cache_read_tokens (repeatable).",
        ),
    ] = None,
    per_request: Annotated[
        str | None, typer.Option(metavar="USD", help="Price of each call.")
    ] = None,
    starts_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Valid from (RFC 3339). [now]")
    ] = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add a price. It takes precedence over the public price for calls from now on."""
    prices: list[dict[str, Any]] = [
        {"unit": name, "price": price} for name, price in map(_split, unit or ())
    ]
    tokens = {"input_tokens": input_tokens, "output_tokens": output_tokens}
    prices += [{"unit": name, "price": price} for name, price in tokens.items() if price]
    body: dict[str, Any] = {"provider": provider, "model": model, "prices": prices}
    if per_request:
        prices.append({"unit": "requests", "price": per_request, "per": 1})
    if starts_at:
        body["starts_at"] = starts_at
    with open_api(home) as api:
        added = api.call("POST", f"{api.project(project)}/prices", body)
    show_record(added if as_json else _row(added), as_json=as_json)


def list_prices(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the project's own prices, oldest first."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/prices"))
    rows = found if as_json else map(_row, found)
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def remove(
    price_id: Annotated[str, typer.Argument(help="Id from `penstock price list`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a price. Later calls use the next price that matches."""
    with open_api(home) as api:
        api.call("DELETE", f"{api.project(project)}/prices/{price_id}")
    show_record({"removed": price_id}, as_json=as_json)


def _split(assignment: str) -> tuple[str, str]:
    unit, equals, price = assignment.partition("=")
    if not equals:
        raise typer.BadParameter(
            f"{assignment!r} is not valid: write UNIT=USD", param_hint="--unit"
        )
    return unit, price


def _row(price: dict[str, Any]) -> dict[str, Any]:
    shown = [
        f"{one['unit']} {one['price']}" + (f" per {one['per']}" if one["per"] != 1_000_000 else "")
        for one in price["prices"]
    ]
    return price | {"prices": shown}
