"""What a file of another product has, as values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from penstock.entrypoints.cli.foreign_prompts.templates import Translated
from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent, PromptMessage, PromptVariable

_NOT_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9._/-]+")


@dataclass(slots=True)
class ForeignVersion:
    """A version: `shown` is its number or hash there. Without `content` there is a `problem`."""

    shown: str
    content: PromptContent | None = None
    problem: str = ""
    message: str = ""
    labels: Sequence[str] = ()
    left_out: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class ForeignPrompt:
    """A prompt with its versions, oldest first. `name` is its name there."""

    name: str
    versions: list[ForeignVersion] = field(default_factory=list[ForeignVersion])

    @property
    def own_name(self) -> str:
        """The name here: what is not allowed in names becomes a hyphen."""
        return "/".join(
            part.strip("-._") or "_" for part in _NOT_OF_A_NAME.sub("-", self.name).split("/")
        )


def grouped(versions: Iterable[tuple[str, ForeignVersion]]) -> list[ForeignPrompt]:
    """Returns prompts of pairs of a name and a version."""
    found: dict[str, ForeignPrompt] = {}
    for name, version in versions:
        found.setdefault(name, ForeignPrompt(name)).versions.append(version)
    return list(found.values())


def text_content(text: Translated, **parts: Any) -> PromptContent:
    """Returns the content of a text prompt."""
    return PromptContent("text", text.text, variables=dict(text.variables), **parts)


def chat_content(messages: Sequence[tuple[str, Translated | None]], **parts: Any) -> PromptContent:
    """Returns the content of a chat prompt. A message is a role and a text; without a text the
    first member is the name of a placeholder."""
    variables: dict[str, PromptVariable] = {}
    made: list[PromptMessage] = []
    for role, text in messages:
        if text is None:
            made.append(PromptMessage(placeholder=role))
        else:
            made.append(PromptMessage(role, text.text))
            variables |= text.variables
    return PromptContent("chat", messages=tuple(made), variables=variables, **parts)


def plain_text(content: object) -> str:
    """Returns the text of a message: a text, or parts of the type `text`. Raises `InvalidRequest`
    for images and other parts."""
    if isinstance(content, str):
        return content
    parts = cast("list[Mapping[str, Any]]", content if isinstance(content, list) else [])
    for part in parts:
        if part.get("type") != "text":
            raise InvalidRequest(f"A message has a part of the type {part.get('type')!r}.")
    return "".join(str(part.get("text", "")) for part in parts)
