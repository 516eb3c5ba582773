"""A prompt in an application: its parts, and its rendering."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from penstock.rules.prompts.documents import (
    PromptContent,
    PromptMessage,
    PromptVariable,
    VariableType,
)
from penstock.rules.render.prompt import CompiledPrompt, RenderedPrompt, compile_prompt

Fallback = str | Sequence[Mapping[str, str]]
"""A template, or the messages of a chat: `{"role": …, "content": …}` or `{"placeholder": …}`."""

_TYPES: Final[Mapping[type, VariableType]] = {
    bool: VariableType.BOOLEAN,
    int: VariableType.INTEGER,
    float: VariableType.NUMBER,
    list: VariableType.LIST,
    tuple: VariableType.LIST,
    dict: VariableType.OBJECT,
}


class ResolvedDocument(msgspec.Struct, frozen=True):
    """The part of the server's answer that the SDK reads."""

    version: "VersionDocument"
    partials: dict[str, PromptContent] = {}


class VersionDocument(msgspec.Struct, frozen=True):
    """A version in the server's answer."""

    number: int
    digest: str
    content: PromptContent


@dataclass(frozen=True, slots=True)
class Prompt:
    """A version of a prompt. `number` and `digest` are 0 and empty for a fallback."""

    name: str
    number: int
    digest: str
    content: PromptContent
    compiled: CompiledPrompt | None = None

    @property
    def is_fallback(self) -> bool:
        """Returns whether this is the application's own fallback."""
        return self.compiled is None

    @property
    def tools(self) -> list[dict[str, Any]]:
        """Returns the tools, in the format in which they were saved."""
        return list(self.content.tools)

    @property
    def response_schema(self) -> dict[str, Any] | None:
        """Returns the JSON schema of answers, if the version has one."""
        return self.content.response_schema

    @property
    def parameters(self) -> dict[str, Any]:
        """Returns the parameters of calls, such as `temperature`."""
        return dict(self.content.parameters)

    def render(self, **variables: object) -> RenderedPrompt:
        """Renders with these variables. Raises `penstock.kernel.errors.InvalidRequest` that names
        what is missing, unknown or wrong. A fallback has no declared variables: it takes all."""
        if self.compiled is not None:
            return self.compiled.render(variables)
        own = {name: _variable(value) for name, value in variables.items()}
        placeholders = {each.placeholder for each in self.content.messages}
        own = {name: each for name, each in own.items() if name not in placeholders}
        return compile_prompt(msgspec.structs.replace(self.content, variables=own)).render(
            variables
        )


def read_prompt_document(name: str, answer: bytes) -> Prompt:
    """Returns the prompt in an answer of the server. Raises `msgspec.DecodeError`, and
    `InvalidRequest` if this version of the SDK cannot render it."""
    found = msgspec.json.decode(answer, type=ResolvedDocument)
    version = found.version
    compiled = compile_prompt(version.content, found.partials)
    return Prompt(name, version.number, version.digest, version.content, compiled)


def fallback_prompt(name: str, fallback: Fallback) -> Prompt:
    """Returns a prompt of the application itself."""
    if isinstance(fallback, str):
        return Prompt(name, 0, "", PromptContent("text", fallback))
    messages = tuple(PromptMessage(**each) for each in fallback)
    return Prompt(name, 0, "", PromptContent("chat", messages=messages))


def _variable(value: object) -> PromptVariable:
    kinds = (kind for known, kind in _TYPES.items() if isinstance(value, known))
    return PromptVariable(next(kinds, VariableType.STRING))
