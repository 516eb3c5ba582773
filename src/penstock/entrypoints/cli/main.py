"""`penstock`: finds the command, imports only its module, and prints an error as one line.

Exit codes: 0 success · 1 refused or failed · 2 usage, settings or this machine · 3 not allowed ·
4 not found · 5 the server does not answer · 130 interrupted. `penstock plan`: 0 nothing to do ·
2 changes · 1 any error. `penstock gate`: 0 passed · 1 a regression · 2 not measured, any error.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

from penstock.entrypoints.cli.exits import CommandExit
from penstock.kernel.errors import (
    Forbidden,
    NotFound,
    PenstockError,
    SetupError,
    Unauthenticated,
    UpstreamFailed,
    UpstreamTimeout,
)

HELP: Final = "Penstock: an LLM gateway with traces, costs and a control plane."

# Name → (module with `register`, one line for `penstock --help`), most needed first.
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "up": ("processes", "Start gateway and server, and the simulator if no other provider exists."),
    "demo": ("demo", "Send realistic traffic through the gateway, or tell the story of a canary."),
    "provider": ("providers", "Manage providers: add, list, vendors, test, remove, credential."),
    "key": ("keys", "Manage API keys: create, list, rotate, revoke, show."),
    "traces": ("traces", "View recorded calls: list, show, tail."),
    "batch": ("batches", "View batches, with their counts and cost: list, show."),
    "member": ("members", "Manage a project's members: invite, list, role, remove, password."),
    "model": (
        "models",
        "View models with facts and prices, renew both: list, import, imports, reset.",
    ),
    "prompts": (
        "prompts",
        "Manage prompts: list, show, diff, label, pull, push, move, remove, restore.",
    ),
    "use-case": ("use_cases", "Manage use cases: set, list, show, remove."),
    "release": ("releases", "Manage releases: create, list, lineage, evidence, approvals."),
    "rollout": (
        "rollouts",
        "Choose the release of a use case: start, list, history, undo, stop.",
    ),
    "annotation": ("annotation", "Queues of answers that annotators label; judges beside them."),
    "notifications": ("notifications", "What you are notified: list, read."),
    "webhook": (
        "webhooks",
        "Tell other systems what happens: add, change, list, messages, test, rotate, remove.",
    ),
    "route": ("routes", "Manage routes over several models: set, list, show, remove."),
    "limit": ("limits", "Manage limits and budgets: add, list, show, change, remove."),
    "guardrail": (
        "guardrails",
        "Manage guardrail policies: set, list, show, remove, detectors.",
    ),
    "dataset": (
        "datasets",
        "Manage datasets: create, list, versions, items, import, export, diff, split, remove.",
    ),
    "score": ("scores", "Scores and outcomes: add, import, list, measures, outcomes."),
    "evaluator": ("evaluators", "View evaluators, measure a file with one: list, show, test."),
    "feedback": ("feedback", "Feedback of users: list, handle, keys, add-key, remove-key."),
    "eval": (
        "evaluations",
        "Measure releases, models, outputs on datasets: run, list, show, compare, cancel, resume.",
    ),
    "online": (
        "online",
        "Measure a sample of live traffic: set, list, show, worst, pause, resume, remove.",
    ),
    "gate": (
        "gate",
        "Decide whether a release may follow: 0 passed, 1 regression, 2 not measured.",
    ),
    "explain": ("explain", "Explain what a request would do, without sending it."),
    "replay": ("replay", "Build the request of a recorded call again, send it again, compare."),
    "price": ("prices", "Manage a project's own prices: add, list, remove."),
    "plan": ("configuration", "Show what `apply` would change (exit code 2: something)."),
    "apply": (
        "configuration",
        "Apply configuration files: providers, routes, use cases, rollouts, limits and more.",
    ),
    "export": ("configuration", "Print the configuration of a project as such a file."),
    "import": ("imports", "Import the configuration of another gateway, or evaluations."),
    "project": ("projects", "Manage projects: create, list, change."),
    "audit": ("audit", "View the audit log: list, verify, export."),
    "settings": ("settings", "Show the effective settings and where each was set."),
    "spool": ("spool", "Manage quarantined call records: list, retry."),
    "backup": ("backups", "Write a backup of all data while the server runs."),
    "restore": ("backups", "Restore a backup into an empty home."),
    "admin": ("admin", "Reset the first admin's password and key."),
    "reset": ("admin", "Delete all data of this installation."),
    "restart": (
        "processes",
        "Replace the gateway workers one by one, without lost calls.",
    ),
    "gateway": ("processes", "Start only gateway workers, for a server on another machine."),
    "worker": ("processes", "Start only a worker, for a server on another machine."),
    "server": ("processes", "Start only the server."),
    "sim": ("processes", "Start only the simulated provider."),
}
_ERRORS: Final = {"plan": 1, "gate": 2}  # commands whose other codes are answers
_EXITS: Final[tuple[tuple[type[PenstockError], int], ...]] = (
    (SetupError, 2),
    (Unauthenticated, 3),
    (Forbidden, 3),
    (NotFound, 4),
    (UpstreamFailed, 5),
    (UpstreamTimeout, 5),
)


def main() -> None:
    """Runs the command line of this process and exits."""
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Runs one command line and returns its exit code."""
    named = _named(argv)
    try:
        code = _run(argv, named)
    except CommandExit as ended:
        return ended.code
    return _ERRORS.get(named or "", code) if code else 0


def _run(argv: Sequence[str], named: str | None) -> int:
    try:
        build(named)(list(argv), prog_name="penstock", standalone_mode=True)
    except PenstockError as error:
        typer.secho(f"penstock: {error.sentence()}", err=True, fg="red")
        return next((code for kind, code in _EXITS if isinstance(error, kind)), 1)
    except BrokenPipeError:  # `penstock traces list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def build(named: str | None) -> typer.Typer:
    """Builds the application. Imports only the module of the command `named`; the others are
    placeholders. `None` imports all, which takes half a second; Typer alone takes 60 ms."""
    app = typer.Typer(help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_options)
    for name, (module, line) in COMMANDS.items():
        if named in {None, name}:
            import_module(f"penstock.entrypoints.cli.{module}").register(app, name, line)
        else:
            app.command(name, help=line)(_placeholder(name))
    return app


def _named(argv: Sequence[str]) -> str | None:
    """The name of the command, or the empty string for `penstock --help`."""
    if "_PENSTOCK_COMPLETE" in os.environ:  # noqa: TID251 - shell completion's own protocol
        return None
    return next((word for word in argv if not word.startswith("-")), "")


def _placeholder(name: str) -> Callable[[], None]:
    def never() -> None:
        raise AssertionError(f"{name} was not imported")

    return never


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag's value
    if wanted:
        from importlib.metadata import version  # lazy: only here, 15 ms

        typer.echo(f"penstock {version('penstock')}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
) -> None:
    """The options before a command."""
    del version  # its callback has done it
