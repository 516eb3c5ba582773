"""The neutral reading of Gemini's contents."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, Literal

import msgspec

from penstock.sim.counting import EFFORTS
from penstock.sim.gemini.requests import ContentRequest, GeminiConfig, GeminiContent, GeminiPart
from penstock.sim.prompts import PromptTurn, SimPrompt, SimTool, TurnRole

_USES: Final[dict[str, Literal["auto", "none", "required"]]] = {"ANY": "required", "NONE": "none"}
_THINKERS: Final = ("sim-reasoner", "gemini-2.5", "gemini-3", "gemini-4")
_BUDGET_SHARE: Final = 16  # a simulated thought uses this part of its budget
_MOST_THOUGHT: Final = 1024
_LEAST_THOUGHT: Final = 16

_encode: Final = msgspec.json.Encoder().encode


def read_prompt(
    request: ContentRequest,
    model: str,
    functions: Sequence[SimTool],
    schema: dict[str, object] | None,
) -> SimPrompt:
    """Returns the prompt of a checked request."""
    config = request.generation_config
    tools = _encode(request.tools) if request.tools else b""
    thinking = config.thinking_config
    return SimPrompt(
        model=model,
        identity=["gemini", str(config.seed), model, _encode(request.contents), tools],
        turns=[*_system(request), *_turns(request.contents)],
        tools=functions,
        tools_size=len(tools),
        tool_use=_USES.get(request.tool_config.function_calling_config.mode, "auto"),
        schema=schema,
        limit=config.max_output_tokens,
        stops=config.stop_sequences,
        choices=config.candidate_count,
        reasoning_tokens=thought_tokens(config, model),
        shows_reasoning=thinking is not None and thinking.include_thoughts,
    )


def _turns(contents: Sequence[GeminiContent]) -> Iterator[PromptTurn]:
    """Yields a turn per content, and one for the results of functions within it."""
    for content in contents:
        role: TurnRole = "assistant" if content.role == "model" else "user"
        parts = [part for part in content.parts if not part.thought]
        for is_result, group in groupby(parts, key=lambda part: bool(part.function_response)):
            yield _turn("tool" if is_result else role, list(group))


def thought_tokens(config: GeminiConfig, model: str) -> int | None:
    """Counts the thoughts of a request by budget, level or model. None = it does not think."""
    thinking = config.thinking_config
    budget = thinking.thinking_budget if thinking else None
    if budget is not None and budget >= 0:
        return max(min(budget // _BUDGET_SHARE, _MOST_THOUGHT), _LEAST_THOUGHT) if budget else None
    if thinking and thinking.thinking_level:
        return EFFORTS.get(thinking.thinking_level.lower(), EFFORTS["medium"])
    return EFFORTS["medium"] if thinking or model.startswith(_THINKERS) else None


def _system(request: ContentRequest) -> list[PromptTurn]:
    system = request.system_instruction
    return [_turn("system", system.parts)] if system else []


def _turn(role: TurnRole, parts: Sequence[GeminiPart]) -> PromptTurn:
    texts = [part.text for part in parts if part.text]
    texts += [_encode(p.function_response.response).decode() for p in parts if p.function_response]
    calls = [part.function_call for part in parts if part.function_call]
    size = sum(len(call.name) + len(_encode(call.args)) for call in calls)
    media = sum(part.inline_data is not None or part.file_data is not None for part in parts)
    return PromptTurn(role, texts, size, media)
