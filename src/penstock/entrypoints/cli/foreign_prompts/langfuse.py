"""Langfuse: the prompts of `GET /api/public/v2/prompts/{name}?version=…&resolve=false` (as its
package 5.0 types them), in a list or in `data`.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from penstock.entrypoints.cli.foreign_prompts.imported import (
    ForeignPrompt,
    ForeignVersion,
    chat_content,
    grouped,
    plain_text,
    text_content,
)
from penstock.entrypoints.cli.foreign_prompts.templates import Translated, translate_langfuse
from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent

_SCHEMAS: Final = ("json_schema", "response_schema")  # of `config`, by convention


class _Prompt(msgspec.Struct):
    name: str
    version: int
    prompt: str | list[dict[str, Any]]
    config: dict[str, Any] | None = None
    labels: list[str] = []
    tags: list[str] = []
    commit_message: str | None = msgspec.field(default=None, name="commitMessage")


def read_langfuse(document: object) -> list[ForeignPrompt]:
    """Reads an export. Raises `msgspec.ValidationError`."""
    found = msgspec.convert(document, list[_Prompt])
    ordered = sorted(found, key=lambda each: (each.name, each.version))
    return grouped((each.name, _version(each)) for each in ordered)


def _version(prompt: _Prompt) -> ForeignVersion:
    labels = [each for each in prompt.labels if each != "latest"]
    message = prompt.commit_message or ""
    version = ForeignVersion(str(prompt.version), message=message, labels=labels)
    if prompt.tags:
        version.left_out.append(f"tags ({', '.join(prompt.tags)}): prompts have folders and labels")
    try:
        version.content = _content(prompt.prompt, prompt.config or {})
    except InvalidRequest as error:
        version.problem = error.message
    return version


def _content(prompt: str | list[dict[str, Any]], config: Mapping[str, Any]) -> PromptContent:
    parts = _parts(dict(config))
    if isinstance(prompt, str):
        return text_content(translate_langfuse(prompt), **parts)
    return chat_content([_message(each) for each in prompt], **parts)


def _message(message: Mapping[str, Any]) -> tuple[str, Translated | None]:
    if message.get("type") == "placeholder":
        return str(message.get("name")), None
    return str(message.get("role")), translate_langfuse(plain_text(message.get("content")))


def _parts(config: dict[str, Any]) -> dict[str, Any]:
    """`config` is free: tools and a schema are where its documentation has them."""
    parts: dict[str, Any] = {}
    if _are_objects(config.get("tools")):
        parts["tools"] = tuple(config.pop("tools"))
    for name in _SCHEMAS:
        if isinstance(config.get(name), dict) and "response_schema" not in parts:
            parts["response_schema"] = config.pop(name)
    return parts | {"parameters": config}


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) for each in cast("list[object]", value)
    )
