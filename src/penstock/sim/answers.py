"""What the simulator answers: text, a document or tool calls, in tokens, and what it counts.

Pure and deterministic: the same seed and request give the same answer, streamed or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from penstock.sim.controls import Controls
from penstock.sim.documents import make_document
from penstock.sim.draw import Draw, digest
from penstock.sim.prose import write
from penstock.sim.requests import ChatRequest, Message, NamedTool, Tool

_REASONING: Final = {
    "none": 0,
    "minimal": 16,
    "low": 64,
    "medium": 256,
    "high": 1024,
    "xhigh": 2048,
}
_REASONERS: Final = ("sim-reasoner", "o1", "o3", "o4", "gpt-5")
_CACHE_FROM: Final = 1024  # OpenAI caches prompts from this length on …
_CACHE_STEP: Final = 128  # … in steps of this many tokens
_BLOCK: Final = 16 * 1024  # bytes per piece of a huge answer


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool; its arguments are JSON, cut into tokens."""

    id: str
    name: str
    arguments: Sequence[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `n` answers. A piece of text counts `piece_tokens` tokens (1, but in huge ones)."""

    text: Sequence[str]
    tool_calls: Sequence[ToolCall]
    finish_reason: str
    reasoning_tokens: int
    piece_tokens: int = 1

    @property
    def tokens(self) -> int:
        """All tokens of the choice, reasoning included."""
        pieces = len(self.text) * self.piece_tokens
        return self.reasoning_tokens + pieces + sum(len(c.arguments) for c in self.tool_calls)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `cached_tokens` are part of `prompt_tokens`."""

    id: str
    model: str
    choices: Sequence[Choice]
    prompt_tokens: int
    cached_tokens: int

    @property
    def completion_tokens(self) -> int:
        return sum(choice.tokens for choice in self.choices)

    @property
    def reasoning_tokens(self) -> int:
        return sum(choice.reasoning_tokens for choice in self.choices)


def answer_chat(
    request: ChatRequest,
    messages: Sequence[Message],
    tools: Sequence[Tool],
    controls: Controls,
) -> Answer:
    """The answer to a chat request. `InvalidRequest` if its schemas ask for the impossible."""
    parts = (request.model, request.messages, request.tools, str(request.seed))
    key = digest(
        str(controls.seed), *(part if isinstance(part, str) else bytes(part) for part in parts)
    )
    prompt = count_tokens(messages) + (len(request.tools) + 3) // 4 * bool(tools)
    return Answer(
        id=f"chatcmpl-{key.hex()[:29]}",
        model=request.model,
        choices=[
            _choice(request, messages, tools, controls, Draw(key, index))
            for index in range(request.n or 1)
        ],
        prompt_tokens=prompt,
        cached_tokens=_cached(messages, prompt, controls),
    )


def count_tokens(messages: Sequence[Message]) -> int:
    """Prompt tokens: one for four characters begun, four for each message, three to begin with."""
    return 3 + sum(4 + _message_tokens(message) for message in messages)


def _message_tokens(message: Message) -> int:
    content = message.content
    count = (len(message.tool_calls) + 3) // 4
    if isinstance(content, str):
        return count + (len(content) + 3) // 4
    # An image or a sound counts as much as OpenAI's smallest image.
    return count + sum((len(p.text) + 3) // 4 if p.type == "text" else 85 for p in content or ())


def _cached(messages: Sequence[Message], prompt: int, controls: Controls) -> int:
    """What a prefix cache would know: the conversation before its last message."""
    if controls.cached_tokens is not None:
        return min(controls.cached_tokens, prompt)
    known = count_tokens(messages[:-1])
    return known // _CACHE_STEP * _CACHE_STEP if known >= _CACHE_FROM else 0


def _choice(
    request: ChatRequest,
    messages: Sequence[Message],
    tools: Sequence[Tool],
    controls: Controls,
    draw: Draw,
) -> Choice:
    reasoning = _reasoning_tokens(request, controls)
    room = None if request.limit is None else max(0, request.limit - reasoning)
    if request.limit is not None and reasoning >= request.limit:
        return Choice((), (), "length", request.limit)
    if calls := _tool_calls(request, messages, tools, controls, draw):
        return Choice((), calls, "tool_calls", reasoning)
    if controls.megabytes:
        return _huge(controls.megabytes, reasoning)
    text, finish_reason = _text(request, controls, draw), "stop"
    if request.stops:
        text = _stopped(text, request.stops)
    if room is not None and len(text) > room:
        text, finish_reason = text[:room], "length"
    return Choice(text, (), finish_reason, reasoning)


def _reasoning_tokens(request: ChatRequest, controls: Controls) -> int:
    if controls.reasoning_tokens is not None:
        return controls.reasoning_tokens
    if request.reasoning_effort is not None:
        return _REASONING[request.reasoning_effort]
    return _REASONING["medium"] if request.model.startswith(_REASONERS) else 0


def _tool_calls(
    request: ChatRequest,
    messages: Sequence[Message],
    tools: Sequence[Tool],
    controls: Controls,
    draw: Draw,
) -> tuple[ToolCall, ...]:
    """Calls a tool when it must, or when it may and the last message is not a tool's result."""
    choice = request.tool_choice
    if not tools or choice == "none":
        return ()
    if choice in (None, "auto") and messages[-1].role in ("tool", "function"):
        return ()
    offered = [
        t
        for t in tools
        if not isinstance(choice, NamedTool) or t.function.name == choice.function.name
    ]
    return tuple(_tool_call(draw.pick(offered), draw) for _ in range(controls.tool_calls))


def _tool_call(tool: Tool, draw: Draw) -> ToolCall:
    schema = {"type": "object", **tool.function.parameters}
    document = msgspec.json.encode(make_document(schema, draw)).decode()
    call_id = f"call_{digest(str(draw.below(1 << 62)))[:12].hex()}"
    return ToolCall(call_id, tool.function.name, _pieces(document))


def _text(request: ChatRequest, controls: Controls, draw: Draw) -> list[str]:
    shape = request.response_format
    if shape is None or shape.type == "text":
        return write(draw, controls.tokens)
    if shape.json_schema is None:
        schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    else:
        schema = shape.json_schema.schema or {"type": "object"}
    return _pieces(msgspec.json.encode(make_document(schema, draw)).decode())


def _pieces(text: str) -> list[str]:
    """Text without words, four characters a token."""
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def _stopped(tokens: list[str], stops: Sequence[str]) -> list[str]:
    """The tokens before the first of the stop sequences; the last token may be cut."""
    text = "".join(tokens)
    at = min((i for stop in stops if stop and (i := text.find(stop)) >= 0), default=len(text))
    kept: list[str] = []
    for token in tokens:
        if at <= 0:
            break
        kept.append(token[:at])
        at -= len(token)
    return kept


def _huge(megabytes: float, reasoning: int) -> Choice:
    line = "The river does not stop for the reader. "
    block = (line * (_BLOCK // len(line) + 1))[:_BLOCK]
    count = max(1, round(megabytes * 1024 * 1024 / _BLOCK))
    return Choice([block] * count, (), "stop", reasoning, piece_tokens=_BLOCK // 4)
