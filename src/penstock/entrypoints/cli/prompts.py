"""`penstock prompts`: prompts in the terminal and as files."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options, prompt_names
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import marked, show_json, show_list, show_record
from penstock.entrypoints.cli.prompt_files import (
    FileResult,
    PromptPush,
    content_of,
    pull_prompts,
    resolve,
)
from penstock.entrypoints.cli.prompt_import import import_prompts
from penstock.rules.prompts.file import write_prompt

COLUMNS: Final = ("name", "kind", "latest", "labels", "updated_at")
MOVE_COLUMNS: Final = ("moved_at", "label", "from_version", "to_version", "author", "message")
NONE_YET: Final = "No prompts: penstock prompts push FILE"
_COLORS: Final = {"insert": "green", "delete": "red"}

Name = Annotated[str, typer.Argument(help="Name with its folders, such as support/triage.")]
Directory = Annotated[Path, typer.Option("--dir", help="Folder of the files. [prompts]")]
Version = Annotated[
    str,
    typer.Option(help="Number, label, content hash, or latest. [the label production, or latest]"),
]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "list": list_prompts,
        "show": show,
        "diff": diff,
        "label": label_version,
        "history": history,
        "pull": pull,
        "push": push,
        "import": import_prompts,
        "move": prompt_names.move,
        "free-name": prompt_names.free_name,
        "remove": prompt_names.remove,
        "restore": prompt_names.restore,
    }
    add_group(app, name, line, commands)


def list_prompts(
    words: Annotated[list[str] | None, typer.Argument(help="Words to search for.")] = None,
    *,
    folder: Annotated[str, typer.Option(help="Only prompts in this folder.")] = "",
    label: Annotated[str, typer.Option(help="Only prompts with this label.")] = "",
    removed: Annotated[bool, typer.Option("--removed", help="Those that are removed.")] = False,
    limit: options.Count = 100,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List prompts, or search in their names and latest versions."""
    with open_api(home) as api:
        query = {"q": " ".join(words or ()), "folder": folder, "label": label}
        query |= {"removed": "true"} if removed else {}
        found = list(api.items(f"{api.project(project)}/prompts", limit, **query))
    rows = found if as_json else [each | {"labels": _labels(each)} for each in found]
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    name: Name,
    *,
    version: Version = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show a version in its file format."""
    with open_api(home) as api:
        found = resolve(api, api.project(project), name, version)
    if as_json:
        show_json(found)
    else:
        typer.echo(write_prompt(content_of(found), found["version"]["digest"]), nl=False)


def diff(
    name: Name,
    old: Annotated[str, typer.Argument(help="Number, label, content hash, or latest.")],
    new: Annotated[str, typer.Argument(help="The same.")] = "latest",
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show the words that differ between two versions."""
    with open_api(home) as api:
        path, prompt = _find(api, project, name)
        found = api.get(f"{path}/{prompt['id']}/diff", old=old, new=new)
    if as_json:
        show_json(found)
        return
    for piece in found["pieces"]:
        typer.secho(marked(piece), nl=False, fg=_COLORS.get(piece["operation"]))


def label_version(
    name: Name,
    label: Annotated[str, typer.Argument(help="Label, such as production.")],
    version: Annotated[str, typer.Argument(help="Number, label or content hash.")] = "latest",
    *,
    seen: Annotated[
        int | None,
        typer.Option(
            min=0, help="Version at which you saw the label, 0 for none. [where it is now]"
        ),
    ] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="Reason of the move.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Remove the label.")] = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Move a label to a version: a promotion, or a rollback."""
    with open_api(home) as api:
        path, prompt = _find(api, project, name)
        place = f"{path}/{prompt['id']}/labels/{label}"
        before = prompt["labels"].get(label, 0) if seen is None else seen
        if remove:
            done = api.call("DELETE", f"{place}?seen={before}")
        else:
            target = api.get(f"{path}/{prompt['id']}/versions/{version}")["number"]
            body = {"version": target, "seen": before, "message": message}
            done = api.call("PUT", place, body)
    show_record(done if as_json else done | {"labels": _labels(done)}, as_json=as_json)


def history(
    name: Name,
    *,
    label: Annotated[str, typer.Option(help="Only moves of this label.")] = "",
    limit: options.Count = 20,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the moves of a prompt's labels, newest first."""
    with open_api(home) as api:
        path, prompt = _find(api, project, name)
        found = list(api.items(f"{path}/{prompt['id']}/moves", limit, label=label))
    show_list(found, MOVE_COLUMNS, as_json=as_json, empty="No label of this prompt has moved.")


def pull(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names, or folders ending with /. [all]")
    ] = None,
    *,
    directory: Directory = Path("prompts"),
    version: Annotated[str, typer.Option(help="Number, label or latest.")] = "latest",
    force: Annotated[bool, typer.Option("--force", help="Overwrite changed files.")] = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Write prompts to files. A file that you changed is a conflict, and stays."""
    with open_api(home) as api:
        results = list(
            pull_prompts(api, api.project(project), names or [], directory, version, force=force)
        )
    _report(results, as_json=as_json)


def push(
    files: Annotated[list[Path] | None, typer.Argument(help="Files. [all in --dir]")] = None,
    *,
    directory: Directory = Path("prompts"),
    message: Annotated[str, typer.Option("--message", "-m", help="What you changed.")] = "",
    own: Annotated[
        bool,
        typer.Option(
            "--own",
            help="Also replace versions that this key saved, whatever the files are based on: "
            "for a repository that is the source.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Save files as new versions. A prompt that somebody changed meanwhile is a conflict."""
    with open_api(home) as api:
        author = api.get("/api/v1/session")["label"] if own else ""
        pushing = PromptPush(api, api.project(project), directory, message, author, dry_run)
        results = [pushing.push(path) for path in files or sorted(directory.rglob("*.md"))]
    _report(results, as_json=as_json)


def _find(api: Api, project: str | None, name: str) -> tuple[str, dict[str, Any]]:
    """The path of the project's prompts, and the prompt with a name."""
    base = api.project(project)
    return f"{base}/prompts", resolve(api, base, name, "latest")["prompt"]


def _labels(prompt: dict[str, Any]) -> list[str]:
    return [f"{label}={number}" for label, number in prompt["labels"].items()]


def _report(results: list[FileResult], *, as_json: bool) -> None:
    """Prints what happened to each file; exit code 1 if one failed."""
    rows = [each._asdict() for each in results]
    show_list(rows, ("name", "result", "detail"), as_json=as_json, empty="Nothing to do.")
    if any(each.result in {"conflict", "failed"} for each in results):
        raise typer.Exit(1)
