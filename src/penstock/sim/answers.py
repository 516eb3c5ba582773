"""Builds the answer to a chat request: text, a JSON document or tool calls, split into tokens.

Pure and deterministic: the same seed and request give the same answer, streamed or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from penstock.sim.controls import Controls
from penstock.sim.counting import cached_tokens, prompt_tokens, reasoning_tokens
from penstock.sim.documents import make_document
from penstock.sim.prose import write
from penstock.sim.requests import Chat, ChatRequest, ChatTool, NamedTool
from penstock.sim.seeded_random import SeededRandom, digest

_BLOCK: Final = 16 * 1024  # bytes per piece of a huge answer
_LINE: Final = "The river does not stop for the reader. "
_ANY_OBJECT: Final = {"type": "object", "properties": {"answer": {"type": "string"}}}


@dataclass(frozen=True, slots=True)
class SimToolCall:
    """One tool call. `arguments` is JSON text, split into tokens."""

    id: str
    name: str
    arguments: Sequence[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the `n` choices. Each piece of text counts `piece_tokens` tokens: 1, except in a huge
    answer."""

    text: Sequence[str] = ()
    tool_calls: Sequence[SimToolCall] = ()
    finish_reason: str = "stop"
    reasoning_tokens: int = 0
    piece_tokens: int = 1

    @property
    def huge(self) -> bool:
        """True if the text repeats one large piece."""
        return self.piece_tokens > 1 and len(self.text) > 0

    @property
    def tokens(self) -> int:
        """The number of tokens of the choice, including reasoning."""
        pieces = len(self.text) * self.piece_tokens
        return self.reasoning_tokens + pieces + sum(len(c.arguments) for c in self.tool_calls)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `prompt_tokens` includes `cached_tokens`."""

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


def answer_chat(chat: Chat, controls: Controls) -> Answer:
    """Answers a chat request. Raises `InvalidRequest` if no document satisfies its schemas."""
    request = chat.request
    key = digest(
        str(controls.seed),
        str(request.seed),
        request.model,
        bytes(request.messages),
        bytes(request.tools),
    )
    choices = [_choice(chat, controls, SeededRandom(key, index)) for index in range(request.n or 1)]
    return Answer(
        id=f"chatcmpl-{key.hex()[:29]}",
        model=request.model,
        choices=choices,
        prompt_tokens=prompt_tokens(chat),
        cached_tokens=cached_tokens(chat, controls),
    )


def _choice(chat: Chat, controls: Controls, rng: SeededRandom) -> Choice:
    """Builds one choice. Reasoning tokens count first; the rest is cut at the request's limit."""
    request = chat.request
    if calls := _tool_calls(chat, controls, rng):
        choice = Choice(tool_calls=calls, finish_reason="tool_calls")
    elif controls.megabytes:
        choice = _huge(controls.megabytes)
    else:
        choice = Choice(text=_text(request, controls, rng))
    reasoning = reasoning_tokens(request, controls)
    if request.limit is not None:
        choice = _truncate(choice, request.limit - reasoning)
    return replace(choice, reasoning_tokens=reasoning)


def _truncate(choice: Choice, limit: int) -> Choice:
    """Keeps at most `limit` tokens. If it removes any, the finish reason becomes `length`."""
    if choice.tokens <= limit:
        return choice
    calls: list[SimToolCall] = []
    for call in choice.tool_calls:
        if limit > 0:
            calls.append(replace(call, arguments=call.arguments[:limit]))
            limit -= len(call.arguments)
    text = choice.text[: max(limit, 0) // choice.piece_tokens]
    return replace(choice, text=text, tool_calls=calls, finish_reason="length")


def _tool_calls(chat: Chat, controls: Controls, rng: SeededRandom) -> tuple[SimToolCall, ...]:
    """Calls a tool if `tool_choice` requires it, or allows it and the last message is not a tool
    result."""
    choice = chat.request.tool_choice
    if not chat.tools or choice == "none":
        return ()
    if choice in (None, "auto") and chat.messages[-1].role in ("tool", "function"):
        return ()
    named = choice.function.name if isinstance(choice, NamedTool) else None
    offered = [tool for tool in chat.tools if named in (None, tool.function.name)]
    return tuple(_tool_call(rng.pick(offered), rng) for _ in range(controls.tool_calls))


def _tool_call(tool: ChatTool, rng: SeededRandom) -> SimToolCall:
    call_id = f"call_{digest(rng.below(1 << 62)).hex()[:24]}"
    arguments = _document({"type": "object", **tool.function.parameters}, rng)
    return SimToolCall(call_id, tool.function.name, arguments)


def _text(request: ChatRequest, controls: Controls, rng: SeededRandom) -> list[str]:
    shape = request.response_format
    if shape is not None and shape.type != "text":
        schema = shape.json_schema.schema if shape.json_schema else _ANY_OBJECT
        return _document(schema or _ANY_OBJECT, rng)
    tokens = write(rng, controls.tokens)
    return _stopped(tokens, request.stops) if request.stops else tokens


def _document(schema: Mapping[str, Any], rng: SeededRandom) -> list[str]:
    """A JSON document that satisfies `schema`, in tokens of four characters."""
    text = msgspec.json.encode(make_document(schema, rng)).decode()
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def _stopped(tokens: list[str], stops: Sequence[str]) -> list[str]:
    """The tokens before the first stop sequence. The last token may be cut."""
    text = "".join(tokens)
    at = min((i for stop in stops if stop and (i := text.find(stop)) >= 0), default=len(text))
    kept: list[str] = []
    for token in tokens:
        if at <= 0:
            break
        kept.append(token[:at])
        at -= len(token)
    return kept


def _huge(megabytes: float) -> Choice:
    block = (_LINE * (_BLOCK // len(_LINE) + 1))[:_BLOCK]
    count = max(1, round(megabytes * 1024 * 1024 / _BLOCK))
    return Choice(text=[block] * count, piece_tokens=_BLOCK // 4)
