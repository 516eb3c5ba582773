"""PromptLayer: templates of `POST /prompt-templates/{identifier}` or `GET /prompt-templates` (as
its package 1.5 types them), in a list or in `items`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.entrypoints.cli.foreign_prompts.imported import (
    ForeignPrompt,
    ForeignVersion,
    chat_content,
    grouped,
    plain_text,
    text_content,
)
from penstock.entrypoints.cli.foreign_prompts.templates import Translated, translate
from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent


class _Template(msgspec.Struct):
    prompt_name: str
    prompt_template: dict[str, Any]
    version: int = 1
    commit_message: str | None = None
    metadata: dict[str, Any] | None = None
    tags: list[str] | None = None
    release_labels: list[str] | None = None


def read_promptlayer(document: object) -> list[ForeignPrompt]:
    """Reads an export. Raises `msgspec.ValidationError`."""
    found = msgspec.convert(document, list[_Template])
    ordered = sorted(found, key=lambda each: (each.prompt_name, each.version))
    return grouped((each.prompt_name, _version(each)) for each in ordered)


def _version(template: _Template) -> ForeignVersion:
    version = ForeignVersion(
        str(template.version),
        message=template.commit_message or "",
        labels=template.release_labels or (),
    )
    version.left_out += [f"tag {tag}" for tag in template.tags or ()]
    metadata = template.metadata or {}
    version.left_out += [f"metadata.{name}" for name in metadata if name != "model"]
    model: Mapping[str, Any] = metadata.get("model") or {}
    if provider := model.get("provider"):
        version.left_out.append(f"metadata.model.provider ({provider}): calls name the provider")
    parameters = dict(model.get("parameters") or {})
    if name := model.get("name"):
        parameters["model"] = name
    try:
        version.content = _content(template.prompt_template, parameters, version)
    except InvalidRequest as error:
        version.problem = error.message
    return version


def _content(
    template: Mapping[str, Any], parameters: dict[str, Any], version: ForeignVersion
) -> PromptContent:
    if template.get("type") == "completion":
        return text_content(_text(template), parameters=parameters)
    tools = [*(template.get("tools") or ())]
    tools += [{"type": "function", "function": each} for each in template.get("functions") or ()]
    for name in ("tool_choice", "function_call"):
        if template.get(name):
            version.left_out.append(name)
    messages = [_message(each) for each in template.get("messages") or ()]
    return chat_content(messages, tools=tuple(tools), parameters=parameters)


def _message(message: Mapping[str, Any]) -> tuple[str, Translated | None]:
    role = str(message.get("role"))
    if role == "placeholder":
        return str(message.get("name")), None
    if message.get("tool_calls") or message.get("function_call"):
        raise InvalidRequest("A message has tool calls.")
    return role, _text(message)


def _text(holder: Mapping[str, Any]) -> Translated:
    return translate(
        plain_text(holder.get("content")), str(holder.get("template_format") or "f-string")
    )
