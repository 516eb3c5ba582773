"""What commands of evaluations share: datasets, evaluators, and the key that calls models."""

import json
from typing import Any

import typer

from penstock.entrypoints.cli.api import Api


def own_key(api: Api) -> str:
    """Returns the id of the key of this command line, which may call models."""
    session = api.get("/api/v1/session")
    return str(session["id"]) if session["kind"] == "key" else ""


def dataset_version(text: str) -> tuple[str, int | None]:
    """Returns a dataset and its version; `None` is the newest. Raises `typer.BadParameter`."""
    name, at, version = text.partition("@")
    if at and not version.isdecimal():
        raise typer.BadParameter(f"{version!r} is no number of a version", param_hint="DATASET")
    return name, int(version) if at else None


def evaluator_body(text: str) -> dict[str, Any]:
    """Returns an evaluator as the REST API takes it. Raises `typer.BadParameter`."""
    head, colon, given = text.partition(":")
    name, equals, kind = head.partition("=")
    try:
        found: Any = json.loads(given) if colon else {}
    except ValueError as error:
        raise typer.BadParameter(
            f"the options of {head!r} are no JSON: {error}", param_hint="--evaluator"
        ) from error
    return {"name": name if equals else "", "kind": kind if equals else name, "options": found}
