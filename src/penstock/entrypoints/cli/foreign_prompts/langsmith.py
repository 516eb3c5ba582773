"""LangSmith: commits as `Client.pull_prompt_commit` (langsmith 0.15) gives them, oldest first, in a
list or in `commits`; `tags` may have the commit tags of `/repos/{owner}/{repo}/tags`.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from penstock.entrypoints.cli.foreign_prompts.imported import (
    ForeignPrompt,
    ForeignVersion,
    chat_content,
    grouped,
    text_content,
)
from penstock.entrypoints.cli.foreign_prompts.templates import Translated, translate
from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent

_ROLES: Final = {
    "SystemMessagePromptTemplate": "system",
    "HumanMessagePromptTemplate": "user",
    "AIMessagePromptTemplate": "assistant",
    "SystemMessage": "system",
    "HumanMessage": "user",
    "AIMessage": "assistant",
}


class _Commit(msgspec.Struct):
    repo: str
    commit_hash: str
    manifest: dict[str, Any]
    owner: str | None = None
    examples: list[Any] = []
    description: str | None = None


class _Tag(msgspec.Struct):
    tag_name: str
    commit_hash: str


class _Export(msgspec.Struct):
    commits: list[_Commit]
    tags: list[_Tag] = []


def read_langsmith(document: object) -> list[ForeignPrompt]:
    """Reads an export. Raises `msgspec.ValidationError`."""
    if isinstance(document, list):
        document = {"commits": cast("list[object]", document)}
    found = msgspec.convert(document, _Export)
    return grouped((each.repo, _version(each, found.tags)) for each in found.commits)


def _version(commit: _Commit, tags: list[_Tag]) -> ForeignVersion:
    labels = [tag.tag_name for tag in tags if tag.commit_hash == commit.commit_hash]
    shown = commit.commit_hash[:8]
    version = ForeignVersion(shown, message=commit.description or "", labels=labels)
    if commit.examples:
        version.left_out.append("examples")
    try:
        version.content = _content(commit.manifest, version)
    except InvalidRequest as error:
        version.problem = error.message
    except (TypeError, AttributeError, KeyError, IndexError):
        version.problem = "Its manifest is not one that LangChain writes."
    return version


def _content(manifest: Mapping[str, Any], version: ForeignVersion) -> PromptContent:
    kind, kwargs = _read(manifest)
    if kind == "RunnableSequence":
        parameters = _parameters(kwargs, version)
        return msgspec.structs.replace(_content(kwargs["first"], version), parameters=parameters)
    if kwargs.get("partial_variables"):
        raise InvalidRequest("It has partial variables.")
    if kind == "PromptTemplate":
        return text_content(_template(manifest))
    if kind not in ("ChatPromptTemplate", "StructuredPrompt"):
        raise InvalidRequest(f"LangChain's {kind} has no counterpart.")
    schema: Any = kwargs.get("schema_")
    return chat_content([_message(each) for each in kwargs["messages"]], response_schema=schema)


def _parameters(kwargs: Mapping[str, Any], version: ForeignVersion) -> dict[str, Any]:
    """The parameters of the model that a prompt was saved with."""
    bound: Mapping[str, Any] = kwargs["last"]
    _, inside = _read(bound)
    if "bound" in inside:
        more: Mapping[str, Any] = inside.get("kwargs") or {}
        version.left_out += [f"model.{name}" for name in more]
        bound = inside["bound"]
    found = dict(_read(bound)[1])
    if "model_name" in found:
        found["model"] = found.pop("model_name")
    plain = {name: each for name, each in found.items() if isinstance(each, str | int | float)}
    version.left_out += [f"model.{name}" for name in found if name not in plain]
    return plain


def _message(message: Mapping[str, Any]) -> tuple[str, Translated | None]:
    kind, kwargs = _read(message)
    if kind == "MessagesPlaceholder":
        return str(kwargs["variable_name"]), None
    role = kwargs["role"] if kind == "ChatMessagePromptTemplate" else _ROLES.get(kind)
    if role is None:
        raise InvalidRequest(f"LangChain's {kind} has no counterpart.")
    if "content" in kwargs:  # a message without variables
        return role, translate(
            str(kwargs["content"]).replace("{", "{{").replace("}", "}}"), "f-string"
        )
    inner = kwargs["prompt"]
    prompts = cast("list[Mapping[str, Any]]", inner if isinstance(inner, list) else [inner])
    parts = [_template(each) for each in prompts]
    names = dict.fromkeys(name for part in parts for name in part.names)
    return role, Translated("".join(part.text for part in parts), tuple(names))


def _template(prompt: Mapping[str, Any]) -> Translated:
    kind, kwargs = _read(prompt)
    if kind != "PromptTemplate":
        raise InvalidRequest(f"LangChain's {kind} has no counterpart.")
    return translate(kwargs["template"], kwargs.get("template_format", "f-string"))


def _read(node: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    return str(node["id"][-1]), node["kwargs"]
