"""The neutral reading of Cohere's chat requests."""

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.sim.cohere.requests import (
    CohereAssistant,
    CohereChatRequest,
    CohereMessage,
    CohereResult,
    CohereSystem,
    CohereText,
    CohereTool,
)
from penstock.sim.counting import EFFORTS
from penstock.sim.prompts import PromptTurn, SimPrompt, SimTool, TurnRole

_BUDGET_SHARE: Final = 16  # a simulated thought uses this part of its budget
_MOST_THOUGHT: Final = 1024
_encode: Final = msgspec.json.Encoder().encode


def read_prompt(
    request: CohereChatRequest, messages: Sequence[CohereMessage], tools: Sequence[CohereTool]
) -> SimPrompt:
    """Returns the prompt of a checked request."""
    shape = request.response_format
    wants_json = shape is not None and shape.type == "json_object"
    return SimPrompt(
        model=request.model,
        identity=["cohere", request.model, bytes(request.messages), bytes(request.tools)],
        turns=[_turn(message) for message in messages],
        tools=[SimTool(tool.function.name, tool.function.parameters) for tool in tools],
        tools_size=len(bytes(request.tools)) if tools else 0,
        tool_use={"REQUIRED": "required", "NONE": "none"}.get(request.tool_choice or "", "auto"),  # pyright: ignore[reportArgumentType] - the values are those of the type
        schema=(shape.json_schema or {}) if shape is not None and wants_json else None,
        limit=request.max_tokens,
        stops=request.stop_sequences,
        reasoning_tokens=_reasoning(request),
        shows_reasoning=True,
    )


def _turn(message: CohereMessage) -> PromptTurn:
    role: TurnRole = "user"
    calls = 0
    match message:
        case CohereSystem():
            role = "system"
        case CohereResult():
            role = "tool"
        case CohereAssistant():
            role, calls = "assistant", len(_encode(message.tool_calls or []))
        case _:
            pass
    content = message.content or ""
    if isinstance(content, str):
        return PromptTurn(role, (content,) if content else (), calls if calls > len("[]") else 0)
    texts = [part.text for part in content if isinstance(part, CohereText)]
    return PromptTurn(role, texts, calls if calls > len("[]") else 0, len(content) - len(texts))


def _reasoning(request: CohereChatRequest) -> int | None:
    thinking = request.thinking
    if thinking is None or thinking.type == "disabled":
        return None
    if thinking.token_budget is None:
        return EFFORTS["medium"]
    return min(thinking.token_budget // _BUDGET_SHARE, _MOST_THOUGHT)
