"""The neutral reading of Anthropic's messages."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, Literal

import msgspec

from penstock.sim.anthropic.blocks import ToolResultBlock
from penstock.sim.anthropic.caching import block_turn
from penstock.sim.anthropic.requests import (
    AnthropicMessage,
    AnthropicTool,
    CountRequest,
    MessagesRequest,
)
from penstock.sim.counting import EFFORTS
from penstock.sim.prompts import PromptTurn, SimPrompt, SimTool

_USES: Final[dict[str, Literal["auto", "none", "required"]]] = {
    "auto": "auto",
    "any": "required",
    "tool": "required",
    "none": "none",
}
_BUDGET_SHARE: Final = 16  # a simulated thought uses this part of its budget
_MOST_THOUGHT: Final = 1024

_encode: Final = msgspec.json.Encoder().encode


def read_prompt(
    request: CountRequest, messages: Sequence[AnthropicMessage], tools: Sequence[AnthropicTool]
) -> SimPrompt:
    """Returns the prompt of a checked request."""
    choice = request.tool_choice
    offered = [tool for tool in tools if not choice or choice.name in (None, tool.name)]
    shape = request.output_config.format if request.output_config else None
    return SimPrompt(
        model=request.model,
        identity=_identity(request),
        turns=[*_system(request), *_turns(messages)],
        tools=[SimTool(tool.name, tool.input_schema) for tool in offered],
        tools_size=len(_encode(request.tools)) if request.tools else 0,
        tool_use=_USES[choice.type] if choice else "auto",
        parallel_calls=not (choice and choice.disable_parallel_tool_use),
        schema=shape.schema if shape else None,
        limit=request.max_tokens if isinstance(request, MessagesRequest) else None,
        stops=request.stop_sequences if isinstance(request, MessagesRequest) else (),
        reasoning_tokens=_reasoning(request),
        shows_reasoning=True,
    )


def _identity(request: CountRequest) -> list[bytes | str]:
    return [
        "anthropic",
        request.model,
        bytes(request.messages),
        _encode(request.system),
        _encode(request.tools),
    ]


def _system(request: CountRequest) -> list[PromptTurn]:
    if not request.system:
        return []
    system = request.system
    return [PromptTurn("system", [system] if isinstance(system, str) else [b.text for b in system])]


def _turns(messages: Sequence[AnthropicMessage]) -> Iterator[PromptTurn]:
    """Yields a turn per message, and one for the results of tools within it."""
    for message in messages:
        if isinstance(message.content, str):
            yield PromptTurn(message.role, (message.content,))
            continue
        for is_result, blocks in groupby(
            message.content, key=lambda block: isinstance(block, ToolResultBlock)
        ):
            parts = [block_turn(message.role, block) for block in blocks]
            yield PromptTurn(
                "tool" if is_result else message.role,
                [text for part in parts for text in part.texts],
                sum(part.calls_size for part in parts),
                sum(part.media for part in parts),
            )


def _reasoning(request: CountRequest) -> int | None:
    thinking: Any = request.thinking
    if thinking is None or thinking.type not in ("enabled", "adaptive"):
        return None
    if thinking.budget_tokens is not None:
        return min(thinking.budget_tokens // _BUDGET_SHARE, _MOST_THOUGHT)
    effort = request.output_config.effort if request.output_config else None
    return EFFORTS["xhigh"] if effort == "max" else EFFORTS[effort or "medium"]
