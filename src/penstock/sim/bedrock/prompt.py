"""The neutral reading of Converse requests."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET

from penstock.sim.bedrock.checks import output_schema
from penstock.sim.bedrock.requests import ConverseMessage, ConverseRequest, ConverseToolSpec
from penstock.sim.counting import EFFORTS
from penstock.sim.prompts import PromptTurn, SimPrompt, SimTool

_BUDGET_SHARE: Final = 16  # a simulated thought uses this part of its budget
_MOST_THOUGHT: Final = 1024
_encode: Final = msgspec.json.Encoder().encode


def read_prompt(
    model: str, request: ConverseRequest, messages: Sequence[ConverseMessage]
) -> SimPrompt:
    """Returns the prompt of a checked request."""
    config, inference = request.tool_config, request.inference_config
    tools = [each.tool_spec for each in config.tools] if config else []
    specs = [spec for spec in tools if isinstance(spec, ConverseToolSpec)]
    use, name = _choice(request)
    shape = request.output_config.text_format
    return SimPrompt(
        model=model,
        identity=["converse", model, bytes(request.messages), _encode(request.system)],
        turns=[*_system(request), *(turn for message in messages for turn in _turns(message))],
        tools=[SimTool(s.name, s.input_schema.json) for s in specs if name in ("", s.name)],
        tools_size=len(_encode(specs)) if specs else 0,
        tool_use=use,
        schema=output_schema(shape.structure.json_schema.schema) if shape else None,
        limit=inference.max_tokens,
        stops=inference.stop_sequences,
        reasoning_tokens=_reasoning(request),
        shows_reasoning=True,
    )


def _choice(request: ConverseRequest) -> tuple[Literal["auto", "required"], str]:
    choice = request.tool_config.tool_choice if request.tool_config else None
    if choice is None or choice.auto is not UNSET:
        return "auto", ""
    name: Any = choice.tool
    return "required", "" if name is UNSET else name.name


def _system(request: ConverseRequest) -> list[PromptTurn]:
    texts = [block.text for block in request.system if isinstance(block.text, str)]
    return [PromptTurn("system", texts)] if texts else []


def _turns(message: ConverseMessage) -> Iterator[PromptTurn]:
    """Yields a turn for the results of tools in a message, and one for the rest."""
    results: list[str] = []
    texts: list[str] = []
    calls = media = 0
    for block in message.content:
        result: Any = block.tool_result
        if result is not UNSET:
            results += [part.text for part in result.content if isinstance(part.text, str)]
            results += [_encode(p.json).decode() for p in result.content if p.json is not UNSET]
        elif isinstance(block.text, str):
            texts.append(block.text)
        elif block.tool_use is not UNSET:
            calls += len(_encode(block.tool_use))
        elif block.reasoning_content is UNSET and block.cache_point is UNSET:
            media += 1
    if texts or calls or media:
        yield PromptTurn(message.role, texts, calls, media)
    if any(block.tool_result is not UNSET for block in message.content):
        yield PromptTurn("tool", results)


def _reasoning(request: ConverseRequest) -> int | None:
    thinking = request.additional_model_request_fields.thinking
    effort = request.output_config.effort
    if thinking is None or thinking.type == "disabled":
        return EFFORTS.get(effort, EFFORTS["xhigh"]) if effort else None
    if thinking.budget_tokens is not None:
        return min(thinking.budget_tokens // _BUDGET_SHARE, _MOST_THOUGHT)
    return EFFORTS.get(effort or "medium", EFFORTS["xhigh"])
