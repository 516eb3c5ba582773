"""Prompts as files: `NAME.md` in a folder, with the hash of the version that it was made from.

A file whose content has this hash is unchanged. Pulling overwrites only unchanged files; pushing
saves on top of the version that the file names, so that whoever is late gets a conflict.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from penstock.entrypoints.cli.api import Api
from penstock.features.prompts.model import check_prompt_name
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound, PenstockError
from penstock.rules.prompts.documents import PromptContent
from penstock.rules.prompts.file import PromptFile, read_prompt, write_prompt


class FileResult(NamedTuple):
    """The result for a file: written, unchanged, saved, conflict or failed."""

    name: str
    result: str
    detail: str


def resolve(api: Api, project: str, name: str, version: str) -> dict[str, Any]:
    """Returns a version of a prompt by its name. Raises `NotFound`."""
    project_id = project.rpartition("/")[2]
    return api.get("/api/v1/prompts/resolve", project_id=project_id, name=name, version=version)


def content_of(resolved: Mapping[str, Any]) -> PromptContent:
    """Returns the content in an answer of the server."""
    return msgspec.convert(resolved["version"]["content"], PromptContent)


def pull_prompts(
    api: Api, project: str, names: Iterable[str], directory: Path, version: str, *, force: bool
) -> Iterator[FileResult]:
    """Writes prompts to files. `names` may have folders, ending with a slash; none means all. A
    prompt that was renamed is written under its present name."""
    for name in _expanded(api, project, list(names)):
        check_prompt_name(name)  # it becomes a path
        try:
            found = resolve(api, project, name, version)
        except NotFound as error:
            yield FileResult(name, "failed", error.sentence())
            continue
        present: str = found["prompt"]["name"]
        check_prompt_name(present)
        yield _written(directory / f"{present}.md", present, found, force=force)


@dataclass(frozen=True, slots=True)
class PromptPush:
    """Saves files as versions. `author`: versions that this author saved are replaced whatever the
    file is based on; empty for none. With `dry_run` nothing is saved."""

    api: Api
    project: str
    directory: Path
    message: str
    author: str
    dry_run: bool

    def push(self, path: Path) -> FileResult:
        """Saves one file, and writes the hash of the new version into it."""
        name = path.as_posix()
        try:
            name = _name_of(path, self.directory)
            return self._save(name, path, _read(path))
        except Conflict as error:
            return FileResult(name, "conflict", error.sentence())
        except PenstockError as error:
            return FileResult(name, "failed", error.sentence())

    def _save(self, name: str, path: Path, file: PromptFile) -> FileResult:
        try:
            latest = resolve(self.api, self.project, name, "latest")
        except NotFound as error:
            if error.code == "prompt_removed":
                raise Conflict(error.message, hint=error.hint) from None
            return self._add(name, path, file)
        version, present = latest["version"], latest["prompt"]["name"]
        if present != name:
            raise Conflict(
                f"The prompt {name!r} is named {present!r} now.",
                hint=f"Rename the file to {self.directory / present}.md.",
            )
        if file.content.digest() == version["digest"]:
            return FileResult(name, "unchanged", f"version {version['number']}")
        is_own = bool(self.author) and self.author == version["author"]
        if not is_own and file.parent != version["digest"]:
            raise _conflict(name, file.parent, version)
        if self.dry_run:
            return FileResult(name, "changed", f"would be version {version['number'] + 1}")
        body = self._body(file) | {"parent": version["digest"]}
        place = f"{self.project}/prompts/{latest['prompt']['id']}/versions"
        return _saved(path, name, self.api.call("POST", place, body))

    def _add(self, name: str, path: Path, file: PromptFile) -> FileResult:
        if self.dry_run:
            return FileResult(name, "new", "would be added")
        body = self._body(file) | {"name": name}
        return _saved(path, name, self.api.call("POST", f"{self.project}/prompts", body))

    def _body(self, file: PromptFile) -> dict[str, Any]:
        return {"content": msgspec.to_builtins(file.content), "message": self.message}


def _conflict(name: str, parent: str, version: Mapping[str, Any]) -> Conflict:
    based = f"is based on {parent[:12]}" if parent else "names no version"
    said = f": {version['message']!r}" if version["message"] else ""
    return Conflict(
        f"The file {based}, but the latest version of {name!r} is {version['number']} "
        f"({version['digest'][:12]}), by {version['author']}{said}.",
        hint=f"Show it with: penstock prompts show {name} --version latest. Merge it, then set "
        f"`parent` to {version['digest']}.",
    )


def _saved(path: Path, name: str, saved: Mapping[str, Any]) -> FileResult:
    """Writes the stored content, with the hashes of its partials, and its own hash as parent."""
    version = saved["version"]
    _write(path, write_prompt(content_of(saved), version["digest"]))
    return FileResult(name, "saved", f"version {version['number']} ({version['digest'][:12]})")


def _written(path: Path, name: str, found: Mapping[str, Any], *, force: bool) -> FileResult:
    version = found["version"]
    text = write_prompt(content_of(found), version["digest"])
    if path.exists() and not force:
        try:
            present = _read(path)
        except InvalidRequest as error:
            return FileResult(name, "failed", error.sentence())
        digest = present.content.digest()
        if digest == version["digest"] and present.parent == digest:
            return FileResult(name, "unchanged", f"version {version['number']}")
        if digest not in {present.parent, version["digest"]}:
            detail = (
                f"The file was changed (it is based on {present.parent[:12] or 'no version'}); the "
                f"server has version {version['number']} ({version['digest'][:12]}). Push it, or "
                "use --force."
            )
            return FileResult(name, "conflict", detail)
    _write(path, text)
    return FileResult(name, "written", f"version {version['number']} ({version['digest'][:12]})")


def _expanded(api: Api, project: str, names: list[str]) -> Iterator[str]:
    for name in names or ["/"]:
        if not name.endswith("/"):
            yield name
            continue
        for prompt in api.items(f"{project}/prompts", folder=name.strip("/")):
            yield prompt["name"]


def _name_of(path: Path, directory: Path) -> str:
    try:
        inside = path.resolve().relative_to(directory.resolve())
    except ValueError:
        raise InvalidRequest(
            f"{path} is not in {directory}.", hint="The path below --dir is the prompt's name."
        ) from None
    name = inside.with_suffix("").as_posix()
    check_prompt_name(name)
    return name


def _read(path: Path) -> PromptFile:
    try:
        return read_prompt(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.") from None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")
