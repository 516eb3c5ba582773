"""The items of the responses API's input. Unknown members and types are rejected, as OpenAI does.

Items of OpenAI's own tools (web search, shell, …) are not simulated.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias, cast

from msgspec import Meta, Struct

from penstock.kernel.errors import InvalidRequest
from penstock.sim.openai.decoding import convert

ItemStatus: TypeAlias = Literal["in_progress", "completed", "incomplete"]
_CallId = Annotated[str, Meta(min_length=1, max_length=64)]


class _Strict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class CacheBreakpoint(_Strict, frozen=True, kw_only=True):
    mode: Literal["explicit"]
    ttl: Literal["30m", "12h"] = "30m"


class SimPart(_Strict, frozen=True, kw_only=True):
    """A part of a message's content."""

    prompt_cache_breakpoint: CacheBreakpoint | None = None


class InputText(SimPart, frozen=True, kw_only=True, tag_field="type", tag="input_text"):
    text: str


class InputImage(SimPart, frozen=True, kw_only=True, tag_field="type", tag="input_image"):
    image_url: str | None = None
    file_id: str | None = None
    detail: Literal["auto", "low", "high", "original"] | None = None


class InputFile(SimPart, frozen=True, kw_only=True, tag_field="type", tag="input_file"):
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: Literal["auto", "low", "high"] | None = None


class OutputText(SimPart, frozen=True, kw_only=True, tag_field="type", tag="output_text"):
    text: str
    annotations: list[Any] = []
    logprobs: list[Any] | None = None


class Refused(SimPart, frozen=True, kw_only=True, tag_field="type", tag="refusal"):
    refusal: str


InputPart: TypeAlias = InputText | InputImage | InputFile
AnyPart: TypeAlias = InputPart | OutputText | Refused


class MessageItem(_Strict, frozen=True, kw_only=True):
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[AnyPart]
    type: Literal["message"] = "message"
    id: str | None = None
    status: ItemStatus | None = None
    phase: Literal["commentary", "final_answer"] | None = None

    @property
    def parts(self) -> Sequence[AnyPart]:
        """The content; a text is one part."""
        content = self.content
        return [InputText(text=content)] if isinstance(content, str) else content


class FunctionCallItem(_Strict, frozen=True, kw_only=True):
    type: Literal["function_call"]
    call_id: _CallId
    name: Annotated[str, Meta(min_length=1)]
    arguments: str
    id: str | None = None
    status: ItemStatus | None = None
    namespace: str | None = None
    caller: dict[str, Any] | None = None


class FunctionOutputItem(_Strict, frozen=True, kw_only=True):
    type: Literal["function_call_output"]
    call_id: _CallId
    output: str | list[InputPart]
    id: str | None = None
    status: ItemStatus | None = None
    name: str | None = None


class SummaryText(_Strict, frozen=True, kw_only=True):
    type: Literal["summary_text"]
    text: str


class ReasoningText(_Strict, frozen=True, kw_only=True):
    type: Literal["reasoning_text"]
    text: str


class SealedItem(_Strict, frozen=True, kw_only=True):
    type: Literal["reasoning"]
    summary: list[SummaryText]
    id: str | None = None
    content: list[ReasoningText] | None = None
    encrypted_content: str | None = None
    status: ItemStatus | None = None


InputItem: TypeAlias = MessageItem | FunctionCallItem | FunctionOutputItem | SealedItem
_KINDS: Final[Mapping[str, type[InputItem]]] = {
    "message": MessageItem,
    "function_call": FunctionCallItem,
    "function_call_output": FunctionOutputItem,
    "reasoning": SealedItem,
}


def read_items(value: str | Sequence[Any]) -> list[InputItem]:
    """Decodes the input. Raises `InvalidRequest` with the field in `param`."""
    if isinstance(value, str):
        return [MessageItem(role="user", content=value)]
    return [_read_item(item, f"input[{index}]") for index, item in enumerate(value)]


def sent_items(value: str | Sequence[Any], response: str) -> list[dict[str, Any]]:
    """Returns the items of an input as a list of them shows them, each with its id."""
    if isinstance(value, str):
        value = [{"role": "user", "content": [{"type": "input_text", "text": value}]}]
    key = response.removeprefix("resp_")
    return [
        {"type": "message", "id": f"item_{key}_{index}", **cast("dict[str, Any]", item)}
        for index, item in enumerate(value)
    ]


def _read_item(value: Any, place: str) -> InputItem:
    given = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    kind = given.get("type", "message")
    if not isinstance(kind, str) or kind not in _KINDS:
        names = ", ".join(f"'{name}'" for name in _KINDS)
        raise InvalidRequest(
            f"Invalid value: {kind!r}. Supported values are: {names}.",
            code="invalid_value",
            param=f"{place}.type",
        )
    return convert(_KINDS[kind], value, place)
