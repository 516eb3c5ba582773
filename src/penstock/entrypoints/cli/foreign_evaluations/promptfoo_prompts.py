"""Prompts of a promptfoo configuration as prompts of ours."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from penstock.entrypoints.cli.declared.located import FilePosition
from penstock.entrypoints.cli.foreign_evaluations.contained_files import (
    REFERENCE,
    ContainedFiles,
    RefusedReference,
)
from penstock.entrypoints.cli.foreign_evaluations.documents import read_yaml
from penstock.entrypoints.cli.foreign_evaluations.imported import LeftOut, list_of, mapping_of
from penstock.entrypoints.cli.foreign_prompts.imported import (
    ForeignPrompt,
    ForeignVersion,
    chat_content,
    plain_text,
    text_content,
)
from penstock.entrypoints.cli.foreign_prompts.templates import translate
from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent

_FILES: Final = (".txt", ".md", ".json", ".yaml", ".yml")
_CODE: Final = (".js", ".cjs", ".mjs", ".ts", ".py", ".rb", ".sh", ".exe", ".bat")
_TAKEN: Final = frozenset(("id", "label", "raw"))


@dataclass(slots=True)
class PromptReader:
    """Reads prompts: texts, lists of messages in JSON or YAML, and files of them in the folder."""

    files: ContainedFiles
    left_out: LeftOut
    texts: list[str] = field(default_factory=list[str])

    def prompts(self, value: Any, place: FilePosition, name: str) -> list[ForeignPrompt]:
        """Returns the prompts; one without a label is named `name`, with its number."""
        given: Sequence[Any] = [value] if isinstance(value, str | dict) else list_of(value)
        made: dict[str, ForeignPrompt] = {}
        for at, each in enumerate(given):
            where = place.at(at)
            try:
                label, text, is_yaml = self._text(each, where)
            except RefusedReference as error:
                self.left_out.add(where, "prompt", str(error))
                continue
            self.texts.append(text)
            prompt = ForeignPrompt(label or f"{name}-{at + 1}")
            if prompt.own_name in made:
                prompt = ForeignPrompt(f"{prompt.name}-{at + 1}")
            prompt.versions.append(_version(text, is_yaml=is_yaml))
            made[prompt.own_name] = prompt
        return list(made.values())

    def _text(self, value: Any, place: FilePosition) -> tuple[str, str, bool]:
        """Returns the label and the text of a prompt, and whether it comes from a YAML file."""
        given = mapping_of(value) or {"raw": value}
        for name in given.keys() - _TAKEN:
            self.left_out.add(place, f"prompt.{name}", "A release has the parameters of a model.")
        label = str(given.get("label") or "")
        raw = given.get("raw", given.get("id"))
        if not isinstance(raw, str) or not raw.strip():
            raise RefusedReference("It has no text.")
        if "raw" in given and "id" in given:
            label = label or str(given["id"])
        if raw.startswith(("exec:", "python:")) or _is_path(raw, _CODE):
            raise RefusedReference(f"{raw[:100]} runs code: save the prompt that it makes.")
        if raw.startswith(REFERENCE) or _is_path(raw, _FILES):
            text = self.files.text(raw, _FILES)
            stem = Path(raw.removeprefix(REFERENCE)).stem
            return label or stem, text.strip(), raw.lower().endswith((".yaml", ".yml"))
        return label, raw, False


def _is_path(text: str, suffixes: tuple[str, ...]) -> bool:
    return "\n" not in text and " " not in text and text.lower().endswith(suffixes)


def _version(text: str, *, is_yaml: bool) -> ForeignVersion:
    version = ForeignVersion("1", message="From a promptfoo configuration")
    try:
        version.content = _content(text, is_yaml=is_yaml)
        if "env" in version.content.variables:
            version.content, version.problem = None, "It reads environment variables (`env`)."
    except InvalidRequest as error:
        version.problem = error.message
    return version


def _content(text: str, *, is_yaml: bool) -> PromptContent:
    messages = _messages(text, is_yaml=is_yaml)
    if messages is None:
        return text_content(translate(text, "jinja2"))
    return chat_content([_message(each) for each in messages])


def _message(message: Mapping[str, Any]) -> Any:
    if message.keys() - {"role", "content"}:
        raise InvalidRequest("A message has more than a role and a content.")
    return str(message["role"]), translate(plain_text(message["content"]), "jinja2")


def _messages(text: str, *, is_yaml: bool) -> list[Mapping[str, Any]] | None:
    """Returns the messages of a prompt that is a list of them; `None` for any other text."""
    if not is_yaml and not text.lstrip().startswith("["):
        return None
    try:
        found: Any = read_yaml(text, "prompt")[0] if is_yaml else msgspec.json.decode(text)
    except (InvalidRequest, msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(found, list) or not found or not all(map(_is_message, _iterated(found))):
        return None
    return cast("list[Mapping[str, Any]]", found)


def _iterated(found: Any) -> Iterator[Any]:
    return iter(cast("list[Any]", found))


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and "role" in value and "content" in value
