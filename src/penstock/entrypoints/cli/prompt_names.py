"""`penstock prompts move|free-name|remove|restore`: names of prompts, and prompts that go."""

from typing import Annotated
from urllib.parse import urlencode

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.entrypoints.cli.prompt_files import resolve
from penstock.kernel.errors import NotFound

Name = Annotated[str, typer.Argument(help="Name with its folders, such as support/triage.")]


def move(
    old: Annotated[str, typer.Argument(help="Name, or folder ending with /.")],
    new: Annotated[str, typer.Argument(help="New name, or folder ending with /.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Rename a prompt, or move a folder. Callers of the old names still find them."""
    with open_api(home) as api:
        path = f"{api.project(project)}/prompts/move"
        found = api.call("POST", path, {"old": old, "new": new})["items"]
    show_list(found, ("old", "new"), as_json=as_json, empty="Nothing to do.")


def free_name(
    name: Annotated[str, typer.Argument(help="Old name of a prompt.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Forget an old name: nobody finds the prompt by it, and another one may take it."""
    with open_api(home) as api:
        query = urlencode({"name": name})
        api.call("DELETE", f"{api.project(project)}/prompts/old-names?{query}")
    show_record({"freed": name}, as_json=as_json)


def remove(
    name: Name,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a prompt without labels. Releases and recorded calls keep its versions."""
    with open_api(home) as api:
        base = api.project(project)
        prompt = resolve(api, base, name, "latest")["prompt"]
        api.call("DELETE", f"{base}/prompts/{prompt['id']}")
    show_record({"removed": prompt["name"]}, as_json=as_json)


def restore(
    name: Name,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Bring a removed prompt back."""
    with open_api(home) as api:
        base = f"{api.project(project)}/prompts"
        removed = api.items(base, q=name, removed="true")
        prompt = next((each for each in removed if each["name"] == name), None)
        if prompt is None:
            raise NotFound(
                f"No prompt {name!r} is removed.", hint="List: penstock prompts list --removed"
            )
        done = api.call("POST", f"{base}/{prompt['id']}/restore")
    show_record(done if as_json else {"restored": done["name"]}, as_json=as_json)
