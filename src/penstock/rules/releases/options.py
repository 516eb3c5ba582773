"""Reads the parameters, tools and response schema of a release as parts of a neutral conversation.

They are written with the names of OpenAI's chat API, whatever the provider.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    OutputFormat,
    ReasoningOptions,
    Tool,
    ToolChoice,
    ToolMode,
)

T = TypeVar("T")

MAX_STOPS: Final = 16  # stop sequences of a release; more are rejected
MAX_STOP_CHARS: Final = 256  # of one of them
_Stop = Annotated[str, Meta(min_length=1, max_length=MAX_STOP_CHARS)]
_Tokens = Annotated[int, Meta(ge=1, le=10_000_000)]
_Penalty = Annotated[float, Meta(ge=-2, le=2)]
_HINTS: Final = {
    "seed": Hint.SEED,
    "top_k": Hint.TOP_K,
    "frequency_penalty": Hint.FREQUENCY_PENALTY,
    "presence_penalty": Hint.PRESENCE_PENALTY,
    "verbosity": Hint.VERBOSITY,
    "service_tier": Hint.SERVICE_TIER,
}
_MODES: Final = frozenset(mode.value for mode in ToolMode)


class ReleaseParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters that a release can set. `tool_choice` is `auto`, `none`, `required`, or the
    name of a tool."""

    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    max_tokens: _Tokens | None = None
    max_completion_tokens: _Tokens | None = None
    max_output_tokens: _Tokens | None = None
    stop: _Stop | Annotated[tuple[_Stop, ...], Meta(max_length=MAX_STOPS)] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = (
        None
    )
    tool_choice: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    parallel_tool_calls: bool | None = None
    seed: int | None = None
    top_k: Annotated[int, Meta(ge=1)] | None = None
    frequency_penalty: _Penalty | None = None
    presence_penalty: _Penalty | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    service_tier: Annotated[str, Meta(max_length=64)] | None = None


class _Function(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=128)]
    description: str = ""
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _FunctionTool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["function"]
    function: _Function


def read_options(
    parameters: Mapping[str, Any],
    tools: Sequence[Mapping[str, Any]],
    response_schema: Mapping[str, Any] | None,
) -> Conversation:
    """Returns a conversation without messages that has these parts. Raises `InvalidRequest` that
    names the wrong part."""
    known = _converted(parameters, ReleaseParameters, "parameters")
    limits = (known.max_tokens, known.max_completion_tokens, known.max_output_tokens)
    effort, stop = known.reasoning_effort, known.stop or ()
    return Conversation(
        tools=tuple(_tool(each, f"tools.{at}") for at, each in enumerate(tools)),
        tool_choice=_choice(known.tool_choice),
        parallel_tool_calls=known.parallel_tool_calls,
        output=_output(response_schema),
        reasoning=ReasoningOptions(effort) if effort else None,
        max_output_tokens=next((limit for limit in limits if limit is not None), None),
        temperature=known.temperature,
        top_p=known.top_p,
        stop=(stop,) if isinstance(stop, str) else stop,
        hints={
            hint: msgspec.json.encode(value)
            for name, hint in _HINTS.items()
            if (value := getattr(known, name)) is not None
        },
    )


def _tool(value: Mapping[str, Any], where: str) -> Tool:
    function = _converted(value, _FunctionTool, where).function
    schema = canonical_json(function.parameters) if function.parameters else b""
    return Tool(function.name, function.description, schema, function.strict)


def _choice(choice: str | None) -> ToolChoice | None:
    if choice is None:
        return None
    if choice in _MODES:
        return ToolChoice(ToolMode(choice))
    return ToolChoice(ToolMode.REQUIRED, (choice,))


def _output(schema: Mapping[str, Any] | None) -> OutputFormat | None:
    if schema is None:
        return None
    title = str(schema.get("title", ""))
    named = title.isascii() and title.isidentifier()
    return OutputFormat(canonical_json(schema), title[:64] if named else "answer")


def _converted(value: Mapping[str, Any], kind: type[T], where: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"The part `{where}` of the release is wrong: {error}.",
            hint="Use the names of OpenAI's chat API.",
            code="release_invalid",
            param=where,
        ) from None
