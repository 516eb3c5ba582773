"""`penstock import promptfoo|inspect|openai-evals`: evaluations of other tools."""

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.evaluation_requests import evaluator_body
from penstock.entrypoints.cli.foreign_evaluations.imported import ForeignEvaluation
from penstock.entrypoints.cli.foreign_evaluations.inspect_logs import read_inspect
from penstock.entrypoints.cli.foreign_evaluations.openai_evals import read_openai_evals
from penstock.entrypoints.cli.foreign_evaluations.promptfoo import read_promptfoo
from penstock.entrypoints.cli.foreign_evaluations.saving import (
    EvaluationImport,
    Row,
    planned_rows,
    repeats_of,
)
from penstock.entrypoints.cli.foreign_prompts.saving import check_names
from penstock.entrypoints.cli.output import show_json, show_list
from penstock.kernel.errors import InvalidRequest

COLUMNS: Final = ("kind", "name", "content", "result")
LEFT_OUT_COLUMNS: Final = ("what", "first_at", "times", "reason")
_NOT_OF_A_NAME: Final = re.compile(r"[^a-z0-9_-]+")
_MAX_NAME_CHARS: Final = 63  # of a dataset

Dataset = Annotated[str, typer.Option(help="Name of the dataset. [from the file]")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]
Measured = Annotated[
    list[str] | None,
    typer.Option(
        "--evaluator",
        metavar="[NAME=]KIND[:JSON]",
        help="Measure the imported outputs with it, too (repeatable).",
    ),
]


def import_promptfoo(
    file: Annotated[
        Path, typer.Argument(help="promptfooconfig.yaml, or results.json of `promptfoo eval -o`.")
    ],
    *,
    dataset: Dataset = "",
    judge: Annotated[
        str, typer.Option(help="Model that judges `llm-rubric`; without it they are left out.")
    ] = "",
    evaluator: Measured = None,
    dry_run: DryRun = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Save tests as a dataset with checks, prompts, and results as runs of recorded outputs. Code
    of a configuration is never run; what has no counterpart is listed."""
    found = read_promptfoo(file, judge)
    _import(found, dataset, evaluator, dry_run=dry_run, where=(project, home), as_json=as_json)


def import_inspect(
    log: Annotated[Path, typer.Argument(help="A log of Inspect: .eval or .json.")],
    *,
    dataset: Dataset = "",
    evaluator: Measured = None,
    dry_run: DryRun = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Save the samples of a log as a dataset, and their outputs and scores as a run."""
    found = read_inspect(log)
    _import(found, dataset, evaluator, dry_run=dry_run, where=(project, home), as_json=as_json)


def import_openai_evals(
    file: Annotated[
        Path, typer.Argument(help="Samples or a log (JSON lines), or a registry (YAML).")
    ],
    *,
    evaluation: Annotated[
        str, typer.Option("--eval", help="Name in a registry with several evaluations.")
    ] = "",
    dataset: Dataset = "",
    evaluator: Measured = None,
    dry_run: DryRun = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Save samples of OpenAI Evals as a dataset, and a log of `oaieval` as a run."""
    found = read_openai_evals(file, evaluation)
    _import(found, dataset, evaluator, dry_run=dry_run, where=(project, home), as_json=as_json)


def _import(
    found: ForeignEvaluation,
    dataset: str,
    evaluators: list[str] | None,
    *,
    dry_run: bool,
    where: tuple[str | None, Path | None],
    as_json: bool,
) -> None:
    """Saves what was read, and reports it."""
    if not found.items:
        raise InvalidRequest("The file has no items.", hint="See what it has: --dry-run --json")
    name = dataset or dataset_name(found)
    check_names(found.prompts)
    chosen = [evaluator_body(each) for each in evaluators or ()]
    for run in found.runs:
        repeats_of(run)
    project, home = where
    if dry_run:
        rows = list(planned_rows(name, found))
    else:
        with open_api(home) as api:
            rows = list(EvaluationImport(api, api.project(project), name, found).run(chosen))
    _report(found, name, rows, as_json=as_json)


def dataset_name(found: ForeignEvaluation) -> str:
    """Returns the name of an evaluation as that of a dataset."""
    name = _NOT_OF_A_NAME.sub("-", found.name.lower()).strip("-_")[:_MAX_NAME_CHARS]
    return name.strip("-_") or found.product


def _report(found: ForeignEvaluation, name: str, rows: list[Row], *, as_json: bool) -> None:
    left_out = found.left_out.rows()
    command = ""
    if found.evaluators:
        measured = " ".join(f"--evaluator '{each}'" for each in found.evaluators)
        command = f"penstock eval run {name} --release HASH {measured}"
    if as_json:
        show_json({"created": rows, "left_out": left_out, "measure": command})
    else:
        show_list(rows, COLUMNS, as_json=False, empty="")
        if left_out:
            typer.echo("Not imported:", err=True)
            show_list(left_out, LEFT_OUT_COLUMNS, as_json=False, empty="")
        if command:
            typer.echo(f"Measure a release as there: {command}", err=True)
    if any(each["result"] == "failed" for each in rows):
        raise typer.Exit(1)
