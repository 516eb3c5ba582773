"""Saves imported prompts. A file may be imported again: what is there already is unchanged."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.foreign_prompts.imported import ForeignPrompt, ForeignVersion
from penstock.entrypoints.cli.prompt_files import resolve
from penstock.features.prompts.model import check_label, check_prompt_name
from penstock.kernel.errors import InvalidRequest, NotFound, PenstockError
from penstock.rules.prompts.documents import PromptContent
from penstock.rules.render.prompt import find_includes


class ImportResult(NamedTuple):
    """The result for a version: saved, unchanged, planned or failed."""

    name: str
    version: str
    result: str
    detail: str


@dataclass(frozen=True, slots=True)
class PromptImport:
    """Saves versions in their order, then sets the labels that a prompt does not have yet."""

    api: Api
    project: str
    product: str

    def run(self, prompts: list[ForeignPrompt]) -> Iterator[ImportResult]:
        """Imports prompts; those that others include are first."""
        for prompt in _in_order(prompts):
            yield from self._prompt(prompt)

    def _prompt(self, prompt: ForeignPrompt) -> Iterator[ImportResult]:
        name = prompt.own_name
        try:
            check_prompt_name(name)
            saved = self._stored(name)
        except PenstockError as error:
            yield ImportResult(prompt.name, "", "failed", error.sentence())
            return
        at = 0
        for version in prompt.versions:
            if version.content is None:
                yield ImportResult(name, version.shown, "failed", version.problem)
                continue
            found = _find(saved, version.content, at)
            if found is not None:
                at, number, result = found + 1, saved[found][0], "unchanged"
            else:
                try:
                    number = self._save(name, version, version.content, is_new=not saved)
                except PenstockError as error:
                    yield ImportResult(name, version.shown, "failed", error.sentence())
                    continue
                saved.append((number, version.content))
                at, result = len(saved), "saved"
            detail = f"version {number}{self._label(name, number, version)}"
            yield ImportResult(name, version.shown, result, detail)

    def _stored(self, name: str) -> list[tuple[int, PromptContent]]:
        """Returns numbers and contents of the versions that are there, oldest first."""
        try:
            prompt = resolve(self.api, self.project, name, "latest")["prompt"]
        except NotFound:
            return []
        place = f"{self.project}/prompts/{prompt['id']}/versions"
        heads = sorted(self.api.items(place), key=lambda each: each["number"])
        versions = (self.api.get(f"{place}/{each['number']}") for each in heads)
        return [(each["number"], _without_partials(each["content"])) for each in versions]

    def _save(
        self, name: str, version: ForeignVersion, content: PromptContent, *, is_new: bool
    ) -> int:
        message = f"{version.message or 'Imported'} ({self.product} {version.shown})"
        body = {"content": msgspec.to_builtins(content), "message": message[:1000]}
        if is_new:
            done = self.api.call("POST", f"{self.project}/prompts", body | {"name": name})
            return done["version"]["number"]
        latest = resolve(self.api, self.project, name, "latest")
        body["parent"] = latest["version"]["digest"]
        place = f"{self.project}/prompts/{latest['prompt']['id']}/versions"
        return self.api.call("POST", place, body)["version"]["number"]

    def _label(self, name: str, number: int, version: ForeignVersion) -> str:
        """Sets labels; returns what to say of them."""
        said: list[str] = []
        for label in version.labels:
            prompt = resolve(self.api, self.project, name, "latest")["prompt"]
            present = prompt["labels"].get(label.lower())
            try:
                check_label(label.lower())
                if present is None:
                    body = {"version": number, "seen": 0, "message": f"From {self.product}"}
                    place = f"{self.project}/prompts/{prompt['id']}/labels/{label.lower()}"
                    self.api.call("PUT", place, body)
                if present not in (None, number):
                    said.append(f"{label} stays at {present}")
                else:
                    said.append(label.lower())
            except PenstockError as error:
                said.append(f"{label}: {error.message}")
        return "".join(f", {each}" for each in said)


def planned(prompts: list[ForeignPrompt]) -> Iterator[ImportResult]:
    """Returns what an import would do, without a server."""
    for prompt in prompts:
        for version in prompt.versions:
            result = "failed" if version.content is None else "planned"
            detail = version.problem or ", ".join(version.labels)
            yield ImportResult(prompt.own_name, version.shown, result, detail)


def check_names(prompts: list[ForeignPrompt]) -> None:
    """Raises `InvalidRequest` if two prompts would get one name."""
    names: dict[str, str] = {}
    for prompt in prompts:
        other = names.setdefault(prompt.own_name, prompt.name)
        if other != prompt.name:
            raise InvalidRequest(
                f"{other!r} and {prompt.name!r} would both be {prompt.own_name!r}."
            )


def _find(saved: list[tuple[int, PromptContent]], content: PromptContent, at: int) -> int | None:
    """Returns where a content is, at or after a place: the order of versions counts."""
    digest = content.digest()
    return next((i for i in range(at, len(saved)) if saved[i][1].digest() == digest), None)


def _without_partials(content: Mapping[str, Any]) -> PromptContent:
    """The server adds the hashes of partials when it saves a version."""
    found = msgspec.convert(content, PromptContent)
    return msgspec.structs.replace(found, partials={})


def _in_order(prompts: list[ForeignPrompt]) -> list[ForeignPrompt]:
    """Prompts without includes come first, then by name: references have one level here."""
    return sorted(prompts, key=lambda each: (_includes(each), each.name))


def _includes(prompt: ForeignPrompt) -> bool:
    contents = (version.content for version in prompt.versions)
    with suppress(InvalidRequest):  # it is refused when it is saved
        return any(find_includes(content) for content in contents if content is not None)
    return False
