"""Anthropic's rules about several members together: roles, tools, thinking, caching."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from penstock.kernel.errors import InvalidRequest
from penstock.sim.anthropic.blocks import CachedBlock, TextBlock
from penstock.sim.anthropic.requests import (
    AnthropicMessage,
    AnthropicTool,
    CountRequest,
    MessagesRequest,
)
from penstock.sim.tool_schemas import schema_error

_MARKERS: Final = 4
_LEAST_BUDGET: Final = 1024
_LEAST_TOP_P: Final = 0.95
_FORCING: Final = ("any", "tool")


def check_prompt(
    request: CountRequest, messages: Sequence[AnthropicMessage], tools: Sequence[AnthropicTool]
) -> None:
    """Checks what both endpoints have. Raises `InvalidRequest`."""
    _check_system(request)
    _check_tools(request, tools)
    _check_format(request)
    _check_markers(request, messages, tools)
    _check_thinking_type(request)


def check_sampling(request: MessagesRequest, messages: Sequence[AnthropicMessage]) -> None:
    """Checks what only a message request has. Raises `InvalidRequest`."""
    for stop in request.stop_sequences:
        if not stop.strip():
            raise InvalidRequest("stop_sequences: each stop sequence must contain non-whitespace")
    thinking = request.thinking
    if thinking is None or thinking.type not in ("enabled", "adaptive"):
        return
    if thinking.budget_tokens is not None and thinking.budget_tokens >= request.max_tokens:
        raise InvalidRequest("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if request.temperature not in (None, 1):
        raise InvalidRequest("`temperature` may only be set to 1 when thinking is enabled.")
    if request.top_k is not None:
        raise InvalidRequest("`top_k` must be unset when thinking is enabled.")
    if request.top_p is not None and request.top_p < _LEAST_TOP_P:
        raise InvalidRequest(
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled."
        )
    if messages[-1].role == "assistant":
        raise InvalidRequest(
            "This model does not support assistant message prefill. The conversation must end with "
            "a user message."
        )


def _check_thinking_type(request: CountRequest) -> None:
    thinking = request.thinking
    if thinking is None:
        return
    budget = thinking.budget_tokens
    if thinking.type == "enabled":
        if budget is None:
            raise InvalidRequest("thinking.enabled.budget_tokens: Field required")
        if budget < _LEAST_BUDGET:
            raise InvalidRequest(
                "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
            )
    elif budget is not None:
        raise InvalidRequest(
            f"thinking.{thinking.type}.budget_tokens: Extra inputs are not permitted"
        )
    choice = request.tool_choice
    if thinking.type in ("enabled", "adaptive") and choice and choice.type in _FORCING:
        raise InvalidRequest("Thinking may not be enabled when tool_choice forces tool use.")


def _check_system(request: CountRequest) -> None:
    if isinstance(request.system, list) and not all(block.text for block in request.system):
        raise InvalidRequest("system: text content blocks must be non-empty")


def _check_tools(request: CountRequest, tools: Sequence[AnthropicTool]) -> None:
    names = [tool.get("name") for tool in request.tools]
    for index, tool in enumerate(tools):
        place = f"tools.{index}.custom.input_schema"
        if tool.input_schema.get("type") != "object":
            raise InvalidRequest(f"{place}.type: Input should be 'object'")
        if any(keyword in tool.input_schema for keyword in ("anyOf", "oneOf", "allOf")):
            raise InvalidRequest(
                f"{place}: input_schema does not support oneOf, allOf, or anyOf at the top level"
            )
        if wrong := schema_error(tool.input_schema):
            raise InvalidRequest(
                f"{place}: JSON schema is invalid. It must match JSON Schema draft 2020-12: {wrong}"
            )
    if len(names) != len({str(name) for name in names}):
        raise InvalidRequest("tools: Tool names must be unique.")
    choice = request.tool_choice
    if choice is None:
        return
    if choice.type != "none" and not request.tools:
        raise InvalidRequest("tool_choice: may only be specified while providing tools")
    if (choice.type == "tool") != (choice.name is not None):
        raise InvalidRequest(f"tool_choice.{choice.type}.name: does not fit the type")
    if choice.name is not None and choice.name not in names:
        raise InvalidRequest(f"Tool '{choice.name}' not found in provided tools")


def _check_format(request: CountRequest) -> None:
    shape = request.output_config.format if request.output_config else None
    if shape is None:
        return
    place = "output_config.format.schema"
    if wrong := schema_error(shape.schema) or ("it is empty" if not shape.schema else ""):
        raise InvalidRequest(f"{place}: Invalid schema: {wrong}")
    for node in _nodes(shape.schema):
        if node.get("type") == "object" and node.get("additionalProperties") is not False:
            raise InvalidRequest(
                f"{place}: For 'object' type, 'additionalProperties' must be explicitly set to "
                "false"
            )


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yields every object within a schema."""
    waiting: list[Any] = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            node = cast("dict[str, Any]", found)
            yield node
            waiting.extend(node.values())
        elif isinstance(found, list):
            waiting.extend(cast("list[Any]", found))


def _check_markers(
    request: CountRequest, messages: Sequence[AnthropicMessage], tools: Sequence[AnthropicTool]
) -> None:
    markers = [tool.cache_control for tool in tools if tool.cache_control]
    if isinstance(request.system, list):
        markers += [block.cache_control for block in request.system if block.cache_control]
    for number, message in enumerate(messages):
        if isinstance(message.content, str):
            continue
        for block in message.content:
            if isinstance(block, CachedBlock) and block.cache_control:
                if isinstance(block, TextBlock) and not block.text:
                    place = f"messages.{number}.content"
                    raise InvalidRequest(
                        f"{place}: cache_control cannot be set for empty text blocks"
                    )
                markers.append(block.cache_control)
    if request.cache_control:
        markers.append(request.cache_control)
    if len(markers) > _MARKERS:
        raise InvalidRequest(
            f"A maximum of 4 blocks with cache_control may be provided. Found {len(markers)}."
        )
    lifetimes = [marker.ttl for marker in markers]
    if "5m" in lifetimes and "1h" in lifetimes[lifetimes.index("5m") :]:
        raise InvalidRequest(
            "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block."
        )
