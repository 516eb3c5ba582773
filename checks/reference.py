"""`python -m checks.reference [--check]`: writes the parts of docs/ that are generated from code.

`make docs` runs it; `make check` runs it with `--check`, which fails where a page is out of date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from pydantic import SecretStr
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from checks.limits import limits_page
from penstock.entrypoints.cli.main import COMMANDS, build
from penstock.infra.settings import every_setting

DOCS = Path(__file__).parents[1] / "docs"
GENERATED = "<!-- Generated from the code by `make docs`: change it there. -->"

SETTINGS = """\
# Settings

Flags of the command line win over environment variables, these over `penstock.toml` in the home,
that over the defaults. `penstock settings` shows what is in force and where each value was set.
In `penstock.toml` a dot separates table and key:

```toml
log_level = "warning"

[gateway]
port = 5000
workers = 2
```

A key or variable that does not exist, a value out of range or a file that cannot be read is
refused with one line that names the place.

Two more variables are read: `OPENAI_API_KEY` makes OpenAI a provider at the start, and
`penstock provider add --api-key-env VARIABLE` reads the one that it names.
"""
CLI = """\
# Command line

Every command takes `--help`, `--home DIR` for another installation than `~/.penstock`, and, where
it prints something, `--json`. Commands about a project take `--project ID`; without it the key's
own project is meant. They talk to the server's REST API: they find the server by the setting
`server_url`, or on this machine, and take the key from `api_key`, or from `bootstrap.json` in the
home.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused or failed; for `provider test` and `audit verify`: not as it should be |
| 2 | wrong usage, settings, or something about this machine must change first |
| 3 | not allowed: no key, a wrong one, or one without the permission |
| 4 | not found |
| 5 | the server does not answer |
| 130 | interrupted |
"""
EVERYWHERE = frozenset({"help", "home", "as_json", "project"})


def settings_page() -> str:
    """docs/settings.md."""
    rows = ["| key | variable | default | what it does |", "|---|---|---|---|"]
    for setting in every_setting():
        default = _default(setting.default)
        rows.append(
            f"| `{setting.key}` | `{setting.variable}` | {default} | {setting.description} |"
        )
    return "\n".join([SETTINGS, GENERATED, "", *rows, ""])


def _default(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{shown}`" if value not in ("", ()) else ""


def cli_page() -> str:
    """docs/cli.md."""
    root = typer.main.get_command(build(None))
    assert isinstance(root, TyperGroup)
    parts = [CLI, GENERATED]
    for name in COMMANDS:
        parts.extend(_command(f"penstock {name}", root.commands[name]))
    return "\n".join([*parts, ""])


def _command(path: str, command: TyperGroup | TyperCommand) -> Iterator[str]:
    level = "##" if path.count(" ") == 1 else "###"
    yield f"\n{level} {path}\n\n{' '.join((command.help or '').split())}"
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _command(f"{path} {name}", inner)
        return
    shown = [row for one in command.params if (row := _parameter(one))]
    if shown:
        yield "\n| argument | what it does |\n|---|---|\n" + "\n".join(shown)


def _parameter(parameter: TyperArgument | TyperOption) -> str | None:
    if parameter.name in EVERYWHERE:
        return None
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if isinstance(parameter, TyperArgument):
        names = parameter.metavar or (parameter.name or "").upper()
    text = getattr(parameter, "help", None) or ""
    return f"| `{names}` | {text}{' Required.' if parameter.required else ''} |".replace("  ", " ")


def main(argv: list[str]) -> int:
    stale = False
    pages = {"settings.md": settings_page(), "cli.md": cli_page(), "limits.md": limits_page()}
    for name, page in pages.items():
        path = DOCS / name
        if path.exists() and path.read_text("utf-8") == page:
            continue
        if "--check" in argv:
            stale = True
            print(f"docs/{name} is out of date: run `make docs`")
        else:
            path.write_text(page, "utf-8")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
