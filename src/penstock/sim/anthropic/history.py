"""Anthropic's rules about the messages: contents, calls with their results, signed thinking."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.sim.anthropic.blocks import (
    AnyBlock,
    Base64Source,
    DocumentBlock,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from penstock.sim.anthropic.requests import AnthropicMessage
from penstock.sim.media_checks import decoded, seen_type
from penstock.sim.signatures import is_signed, unseal

IMAGE_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
_ONE_ROLE: Final = (ThinkingBlock, RedactedThinkingBlock, ToolUseBlock, ToolResultBlock)
_THINKING_RULE: Final = (
    "When `thinking` is enabled, a final `assistant` message must start with a thinking block "
    "(preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you "
    "include thinking blocks from previous turns. To avoid this requirement, disable `thinking`."
)


@dataclass(slots=True)
class _Turn:
    """Consecutive messages of one role. `at` is the index of the first."""

    role: str
    at: int
    blocks: list[AnyBlock] = field(default_factory=list[AnyBlock])

    @property
    def calls(self) -> list[str]:
        return [block.id for block in self.blocks if isinstance(block, ToolUseBlock)]


def check_history(messages: Sequence[AnthropicMessage], *, thinks: bool) -> None:
    """Raises `InvalidRequest` if the messages break a rule. `thinks`: thinking has the type
    `enabled`."""
    for number, message in enumerate(messages):
        _check_message(number, message, last=number == len(messages) - 1)
    turns = _turns(messages)
    if turns[0].role == "assistant":
        raise InvalidRequest('messages: first message must use the "user" role')
    calls: list[str] = []
    for turn in turns:
        _check_results(turn, calls)
        calls = turn.calls
    if calls:
        raise _unanswered(turns[-1].at, calls)
    every = [call for turn in turns for call in turn.calls]
    if len(every) != len(set(every)):
        raise InvalidRequest("messages: `tool_use` ids must be unique")
    if thinks:
        _check_thinking_begins(turns)


def _turns(messages: Sequence[AnthropicMessage]) -> list[_Turn]:
    turns: list[_Turn] = []
    for number, message in enumerate(messages):
        if not turns or turns[-1].role != message.role:
            turns.append(_Turn(message.role, number))
        content = message.content
        turns[-1].blocks += [TextBlock(text=content)] if isinstance(content, str) else content
    return turns


def _check_message(number: int, message: AnthropicMessage, *, last: bool) -> None:
    content = message.content
    prefill = last and message.role == "assistant"
    if not content and not prefill:
        raise InvalidRequest(
            f"messages.{number}: all messages must have non-empty content except for the optional "
            "final assistant message"
        )
    if isinstance(content, str):
        _check_text(content, prefill=prefill)
        return
    for index, block in enumerate(content):
        place = f"messages.{number}.content.{index}"
        _check_role(place, block, message.role)
        _check_block(place, block)
        if isinstance(block, TextBlock):
            _check_text(block.text, prefill=prefill and index == len(content) - 1)
    if content and isinstance(content[-1], ThinkingBlock | RedactedThinkingBlock):
        raise InvalidRequest(
            f"messages.{number}: The final block in an assistant message cannot be `thinking`."
        )


def _check_text(text: str, *, prefill: bool) -> None:
    if not text and not prefill:
        raise InvalidRequest("messages: text content blocks must be non-empty")
    if text and not text.strip():
        raise InvalidRequest("messages: text content blocks must contain non-whitespace text")
    if prefill and text != text.rstrip():
        raise InvalidRequest(
            "messages: final assistant content cannot end with trailing whitespace"
        )


def _check_block(place: str, block: AnyBlock) -> None:
    match block:
        case ImageBlock(source=Base64Source() as source):
            _check_image(f"{place}.image.source.base64", source)
        case DocumentBlock(source=Base64Source() as source):
            if source.media_type != "application/pdf":
                raise InvalidRequest(
                    f"{place}.document.source.base64.media_type: Input should be 'application/pdf'"
                )
            _check_base64(f"{place}.document.source.base64", source)
        case ThinkingBlock():
            if not is_signed(block.signature, "thinking", block.thinking):
                raise InvalidRequest(f"{place}: Invalid `signature` in `thinking` block")
        case RedactedThinkingBlock():
            if unseal(block.data, "redacted_thinking") is None:
                raise InvalidRequest(f"{place}: Invalid `data` in `redacted_thinking` block")
        case ToolResultBlock():
            _check_result(place, block)
        case _:
            pass


def _check_role(place: str, block: AnyBlock, role: str) -> None:
    """Checks who may send the block."""
    wanted = "user" if isinstance(block, ToolResultBlock) else "assistant"
    if (isinstance(block, _ONE_ROLE) and role != wanted) or role == "system":
        name = block.__struct_config__.tag
        raise InvalidRequest(f"{place}: `{name}` blocks can only be in `{wanted}` messages")


def _check_result(place: str, result: ToolResultBlock) -> None:
    if isinstance(result.content, str):
        return
    for index, block in enumerate(result.content):
        inside = f"{place}.tool_result.content.{index}"
        if isinstance(block, TextBlock):
            if not block.text:
                raise InvalidRequest("messages: text content blocks must be non-empty")
        else:
            _check_block(inside, block)


def _check_image(place: str, source: Base64Source) -> None:
    if source.media_type not in IMAGE_TYPES:
        names = ", ".join(f"'{name}'" for name in IMAGE_TYPES)
        raise InvalidRequest(f"{place}.media_type: Input should be one of {names}")
    seen = seen_type(_check_base64(place, source))
    if seen and seen != source.media_type:
        raise InvalidRequest(
            f"{place}.data: The image was specified using the {source.media_type} media type, but "
            f"the image appears to be a {seen} image"
        )


def _check_base64(place: str, source: Base64Source) -> bytes:
    if (data := decoded(source.data)) is None:
        raise InvalidRequest(f"{place}.data: The data is not valid base64")
    return data


def _check_results(turn: _Turn, calls: Sequence[str]) -> None:
    """Checks that the turn begins with the results of exactly the calls before it."""
    results: list[str] = []
    begins = True
    for index, block in enumerate(turn.blocks):
        if not isinstance(block, ToolResultBlock):
            begins = False
            continue
        if block.tool_use_id not in calls:
            raise InvalidRequest(
                f"messages.{turn.at}.content.{index}: unexpected `tool_use_id` found in "
                f"`tool_result` blocks: {block.tool_use_id}. Each `tool_result` block must have a "
                "corresponding `tool_use` block in the previous message."
            )
        if block.tool_use_id in results:
            raise InvalidRequest(
                f"messages.{turn.at}.content.{index}: each tool_use must have a single result. "
                f"Found multiple `tool_result` blocks with id: {block.tool_use_id}"
            )
        if begins:
            results.append(block.tool_use_id)
    if missing := [call for call in calls if call not in results]:
        raise _unanswered(turn.at - 1, missing)


def _unanswered(at: int, calls: Sequence[str]) -> InvalidRequest:
    return InvalidRequest(
        f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(calls)}. Each `tool_use` block must have a corresponding `tool_result` block "
        "in the next message."
    )


def _check_thinking_begins(turns: Sequence[_Turn]) -> None:
    last = next((turn for turn in reversed(turns) if turn.role == "assistant"), None)
    if last is None or not last.calls or not isinstance(turns[-1].blocks[-1], ToolResultBlock):
        return
    first = last.blocks[0]
    if not isinstance(first, ThinkingBlock | RedactedThinkingBlock):
        raise InvalidRequest(
            f"messages.{last.at}.content.0.type: Expected `thinking` or `redacted_thinking`, but "
            f"found `{first.__struct_config__.tag}`. {_THINKING_RULE}"
        )
