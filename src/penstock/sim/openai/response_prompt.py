"""The neutral reading of a responses request."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from penstock.sim.counting import EFFORTS
from penstock.sim.openai.chat_requests import REASONERS
from penstock.sim.openai.response_items import (
    FunctionCallItem,
    FunctionOutputItem,
    InputItem,
    InputText,
    MessageItem,
    OutputText,
    Refused,
)
from penstock.sim.openai.response_requests import (
    ChosenTool,
    FunctionDeclared,
    ResponseCount,
    ResponseRequest,
)
from penstock.sim.prompts import PromptTurn, SimPrompt, SimTool, TurnRole

_ROLES: Final[dict[str, TurnRole]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}

_encode: Final = msgspec.json.Encoder().encode


def read_response_prompt(
    request: ResponseCount, items: Sequence[InputItem], declared: Sequence[FunctionDeclared]
) -> SimPrompt:
    """Returns the prompt of a checked request."""
    choice = request.tool_choice
    shape = request.format
    tools = _encode(request.tools) if request.tools else b""
    instructions = [PromptTurn("system", [request.instructions])] if request.instructions else []
    reasoning = request.reasoning
    return SimPrompt(
        model=request.model,
        identity=[
            "responses",
            request.model,
            _encode(items),
            tools,
            request.instructions or "",
            request.previous_response_id or "",
        ],
        turns=[*instructions, *map(_turn, items)],
        tools=_offered(choice, declared),
        tools_size=len(tools),
        tool_use=_use(choice),
        parallel_calls=request.parallel_tool_calls is not False,
        schema=None if shape.type == "text" else shape.schema or {},
        limit=request.max_output_tokens if isinstance(request, ResponseRequest) else None,
        reasoning_tokens=_reasoning(request),
        shows_reasoning=bool(reasoning and (reasoning.summary or reasoning.generate_summary)),
    )


def _offered(choice: Any, declared: Sequence[FunctionDeclared]) -> list[SimTool]:
    names = None
    if isinstance(choice, ChosenTool):
        allowed = [tool.get("name") for tool in choice.tools]
        names = [choice.name] if choice.type == "function" else allowed or None
    return [
        SimTool(each.name, each.parameters or {})
        for each in declared
        if names is None or each.name in names
    ]


def _use(choice: Any) -> Any:
    if isinstance(choice, ChosenTool):
        return "required" if choice.type == "function" else choice.mode
    return choice or "auto"


def _turn(item: InputItem) -> PromptTurn:
    match item:
        case MessageItem():
            texts = [p.text for p in item.parts if isinstance(p, InputText | OutputText)]
            texts += [part.refusal for part in item.parts if isinstance(part, Refused)]
            return PromptTurn(_ROLES[item.role], texts, media=len(item.parts) - len(texts))
        case FunctionCallItem():
            return PromptTurn("assistant", calls_size=len(item.name) + len(item.arguments))
        case FunctionOutputItem():
            if isinstance(item.output, str):
                return PromptTurn("tool", [item.output])
            texts = [part.text for part in item.output if isinstance(part, InputText)]
            return PromptTurn("tool", texts, media=len(item.output) - len(texts))
        case _:
            return PromptTurn("assistant")


def _reasoning(request: ResponseCount) -> int:
    effort = request.reasoning.effort if request.reasoning else None
    if effort is not None:
        return EFFORTS["xhigh" if effort == "max" else effort]
    return EFFORTS["medium"] if request.model.startswith(REASONERS) else 0
