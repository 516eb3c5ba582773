"""`python -m checks.reference [--check]`: generates the reference pages in docs/ from the code.

`make docs` runs it; `make check` runs it with `--check`, which fails if a page is out of date.
"""

import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import typer
from pydantic import SecretStr
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from checks.evaluators import evaluators_page
from checks.judges import judges_page
from checks.limits import limits_page
from checks.translation import translation_page
from penstock.entrypoints.cli.main import COMMANDS, build
from penstock.infra.settings import every_setting

DOCS = Path(__file__).parents[1] / "docs"
GENERATED = "<!-- Generated from the code by `make docs`: change it there. -->"

SETTINGS = """\
# Settings

Command line flags take precedence over environment variables, these over `penstock.toml` in the
home, and these over the defaults. `penstock settings` shows the effective values and where each was
set. In `penstock.toml`, a dot separates table and key:

```toml
log_level = "warning"

[gateway]
port = 5000
workers = 2
```

An unknown key or variable, a value out of range or an unreadable file is reported in one line that
names the place.

Two more variables are read: `OPENAI_API_KEY` adds OpenAI as a provider at the start, and
`penstock provider add --api-key-env VARIABLE` reads the variable that it names.
"""
CLI = """\
# Command line

Every command accepts `--help`, `--home DIR` (default: `~/.penstock`) and, if it prints a result,
`--json`. Commands for a project accept `--project ID` (default: the project of the API key). They
call the server's REST API. The URL comes from the setting `server_url`, or else from the running
installation of the home. The API key comes from the setting `api_key`, or else from
`bootstrap.json` in the home.

| exit code | meaning |
|---|---|
| 0 | success |
| 1 | refused or failed; for `provider test` and `audit verify`: the test failed |
| 2 | wrong usage, wrong settings, or a problem of this machine |
| 3 | not allowed: no key, a wrong key, or a key without the permission |
| 4 | not found |
| 5 | the server does not answer |
| 130 | interrupted |
"""
COMMON_OPTIONS = frozenset({"help", "home", "as_json", "project"})


def settings_page() -> str:
    """The content of docs/settings.md."""
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
    """The content of docs/cli.md."""
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
    if parameter.name in COMMON_OPTIONS:
        return None
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if isinstance(parameter, TyperArgument):
        names = parameter.metavar or (parameter.name or "").upper()
    text = getattr(parameter, "help", None) or ""
    return f"| `{names}` | {text}{' Required.' if parameter.required else ''} |".replace("  ", " ")


def missing_plugins() -> list[str]:
    """Returns the plugins of pyproject.toml that the environment does not have: the pages would
    leave them out."""
    declared = tomllib.loads((DOCS.parent / "pyproject.toml").read_text("utf-8"))["project"]
    groups: dict[str, dict[str, str]] = declared["entry-points"]
    return [
        name
        for group, plugins in groups.items()
        for name in plugins.keys() - entry_points(group=group).names
    ]


def main(argv: list[str]) -> int:
    if missing := missing_plugins():
        print(f"Not installed: {', '.join(missing)}. Run `make setup`.")
        return 1
    stale = False
    pages = {
        "settings.md": settings_page(),
        "cli.md": cli_page(),
        "evaluator-list.md": evaluators_page(),
        "limits.md": limits_page(),
        "translation.md": translation_page(),
        "clients-and-providers.md": judges_page(),
    }
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
