"""Reads requests of the responses API; errors name the invalid field."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from penstock.kernel.errors import InvalidRequest
from penstock.sim.openai.decoding import convert

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
_Verbosity = Literal["low", "medium", "high"]


class _Strict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class FunctionDeclared(_Strict, frozen=True, kw_only=True):
    """A function that the model may call."""

    type: Literal["function"]
    name: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    description: str | None = None
    output_schema: dict[str, Any] | None = None
    defer_loading: bool | None = None
    allowed_callers: list[str] | None = None


class ChosenTool(_Strict, frozen=True, kw_only=True):
    """The member `tool_choice` as an object: one function, or several."""

    type: str
    name: str | None = None
    mode: Literal["auto", "required"] = "auto"
    tools: list[dict[str, Any]] = []


class ResponseReasoning(_Strict, frozen=True, kw_only=True):
    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None
    context: Literal["auto", "current_turn", "all_turns"] | None = None
    mode: str | None = None


class ResponseFormatText(_Strict, frozen=True, kw_only=True):
    type: Literal["text", "json_object", "json_schema"]
    name: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")] | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None
    description: str | None = None


class TextOptions(_Strict, frozen=True, kw_only=True):
    format: ResponseFormatText = ResponseFormatText(type="text")
    verbosity: _Verbosity | None = None


class ResponseStreamOptions(_Strict, frozen=True, kw_only=True):
    include_obfuscation: bool | None = None


class ResponseCount(_Strict, frozen=True, kw_only=True):
    """The body of `POST /v1/responses/input_tokens`."""

    model: Annotated[str, Meta(min_length=1)]
    input: str | list[Any] = []
    instructions: str | None = None
    previous_response_id: str | None = None
    reasoning: ResponseReasoning | None = None
    text: TextOptions | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    truncation: Literal["auto", "disabled"] | None = None
    conversation: str | dict[str, Any] | None = None

    @property
    def format(self) -> ResponseFormatText:
        """The format of the answer's text."""
        return self.text.format if self.text else ResponseFormatText(type="text")


class ResponseRequest(ResponseCount, frozen=True, kw_only=True):
    """The body of `POST /v1/responses`."""

    stream: bool | None = None
    stream_options: ResponseStreamOptions | None = None
    max_output_tokens: Annotated[int, Meta(ge=16)] | None = None
    max_tool_calls: int | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    include: list[str] | None = None
    metadata: Annotated[dict[str, str], Meta(max_length=16)] | None = None
    store: bool | None = None
    client_metadata: dict[str, str] | None = None  # of Codex
    background: bool | None = None
    prompt: dict[str, Any] | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt_cache_retention: Literal["in_memory", "24h"] | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    user: str | None = None


_INCLUDABLE: Final = frozenset(
    [
        "file_search_call.results",
        "web_search_call.results",
        "web_search_call.action.sources",
        "message.input_image.image_url",
        "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
    ]
)

response_decoder: Final = msgspec.json.Decoder(ResponseRequest)
response_count_decoder: Final = msgspec.json.Decoder(ResponseCount)


def read_declared(request: ResponseCount) -> list[FunctionDeclared]:
    """Returns the functions among the tools. OpenAI's own tools are never called."""
    tools = enumerate(request.tools or ())
    return [
        convert(FunctionDeclared, tool, f"tools[{index}]")
        for index, tool in tools
        if tool.get("type", "function") == "function"
    ]


def check_options(request: ResponseRequest) -> None:
    """Raises `InvalidRequest` for options that the simulator or OpenAI does not have."""
    if request.background and request.store is False:
        raise InvalidRequest("'background' requires 'store' to be true.", param="background")
    streams_later = {"background"} if request.stream else set[str]()
    for name in ("conversation", "prompt", *streams_later):
        if getattr(request, name):
            raise InvalidRequest(
                f"Unsupported parameter: '{name}' is not simulated.",
                code="unsupported_parameter",
                param=name,
            )
    for index, name in enumerate(request.include or ()):
        if name not in _INCLUDABLE:
            raise InvalidRequest(
                f"Invalid value: '{name}'.", code="invalid_value", param=f"include[{index}]"
            )
    if request.stream_options is not None and not request.stream:
        raise InvalidRequest(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )
