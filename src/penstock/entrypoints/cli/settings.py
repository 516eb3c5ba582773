"""`penstock settings`: the effective settings and where each was set."""

import typer
from pydantic import SecretStr

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.output import show_json, show_list
from penstock.infra.settings import Loaded, every_setting, load


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command."""
    app.command(name, help=line)(settings)


def settings(*, home: options.Home = None, as_json: options.Json = False) -> None:
    """Show the effective settings and where each was set. Hides secrets."""
    loaded = load({"home": home})
    rows = [
        {"setting": s.key, **_effective(loaded, s.key), "variable": s.variable}
        for s in every_setting()
    ]
    if as_json:
        show_json(
            {row["setting"]: {"value": row["value"], "set_by": row["set_by"]} for row in rows}
        )
    else:
        show_list(rows, ("setting", "value", "set_by", "variable"), as_json=False, empty="")


def _effective(loaded: Loaded, key: str) -> dict[str, object]:
    value: object = loaded.settings
    for part in key.split("."):
        value = getattr(value, part)
    if isinstance(value, SecretStr):
        value = str(value)  # asterisks, or empty if not set
    if not isinstance(value, str | int | float | bool | tuple):
        value = str(value)
    return {"value": value, "set_by": loaded.origins.get(key, "default")}
