"""Chunks of a chat stream, and the unary answer that they add up to.

Owns the shape of a chunk and the assembly. Events and their ends are `stream.py`'s.
"""

from typing import Any, Final

import msgspec

from penstock.rules.wire.openai.answer import AnswerFacts
from penstock.rules.wire.openai.usage import read_usage


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    role: str | None = None
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None  # DeepSeek, vLLM, llama.cpp
    reasoning: str | None = None  # Groq, Ollama, OpenRouter
    tool_calls: list[_ToolCall] | None = None
    function_call: _Function | None = None


class _Choice(msgspec.Struct):
    index: int | None = None
    delta: _Delta | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    """One chunk. `error` and `usage` stay raw: most chunks have none."""

    id: str | None = None
    model: str | None = None
    created: int | None = None
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    service_tier: str | None = None


_decoder: Final = msgspec.json.Decoder(Chunk)
_encoder: Final = msgspec.json.Encoder()
_NULL: Final = (b"", b"null")


def read_chunk(data: bytes) -> Chunk:
    """`msgspec.DecodeError` if `data` is not JSON; JSON of another shape is an empty chunk."""
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError:
        msgspec.json.decode(data)  # raises for what is not JSON
        return Chunk()


def present(raw: msgspec.Raw) -> bool:
    """Whether a raw member is there and not null."""
    return bytes(raw) not in _NULL


class _Message:
    """One choice while it grows."""

    __slots__ = ("calls", "finish_reason", "function", "role", "texts")

    def __init__(self) -> None:
        self.role = "assistant"
        self.texts: dict[str, list[str]] = {}
        self.calls: dict[int, dict[str, Any]] = {}
        self.function: dict[str, Any] | None = None
        self.finish_reason: str | None = None

    def add_text(self, name: str, text: str) -> None:
        self.texts.setdefault(name, []).append(text)

    def add_call(self, delta: _ToolCall, fallback: int) -> None:
        index = fallback if delta.index is None else delta.index
        call = self.calls.setdefault(index, {"id": "", "type": "function", "function": _function()})
        call["id"] = delta.id or call["id"]
        call["type"] = delta.type or call["type"]
        _grow(call["function"], delta.function)

    def document(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": self.role, "content": None}
        message |= {name: "".join(parts) for name, parts in self.texts.items()}
        if self.calls:
            message["tool_calls"] = [_joined(self.calls[index]) for index in sorted(self.calls)]
        if self.function is not None:
            message["function_call"] = _finished(self.function)
        return message


class Assembly:
    """Adds chunks up. Text beyond `limit` characters is counted but not kept."""

    def __init__(self, limit: int) -> None:
        self._room = limit
        self._messages: dict[int, _Message] = {}
        self._created = 0
        self.id = ""
        self.model = ""
        self.delta_count = 0
        self.usage: bytes = b""
        self.service_tier = ""

    @property
    def facts(self) -> AnswerFacts:
        """What the record keeps, as of a whole answer."""
        reasons = (self._messages[index].finish_reason for index in sorted(self._messages))
        return AnswerFacts(
            self.id,
            self.model,
            tuple(reason for reason in reasons if reason),
            read_usage(self.usage),
            self.service_tier,
        )

    @property
    def finished(self) -> bool:
        """Whether every choice that began has said why it ended."""
        messages = self._messages.values()
        return bool(messages) and all(message.finish_reason for message in messages)

    def add(self, chunk: Chunk) -> None:
        self.id = self.id or chunk.id or ""
        self.model = self.model or chunk.model or ""
        self._created = self._created or chunk.created or 0
        self.service_tier = self.service_tier or chunk.service_tier or ""
        if present(chunk.usage):
            self.usage = bytes(chunk.usage)
        for choice in chunk.choices or ():
            self._add_choice(choice)

    def _add_choice(self, choice: _Choice) -> None:
        message = self._messages.get(choice.index or 0)
        if message is None:
            message = self._messages[choice.index or 0] = _Message()
        if choice.finish_reason:
            message.finish_reason = choice.finish_reason
        delta = choice.delta
        if delta is None:
            return
        if delta.role:
            message.role = delta.role
        size = _size(delta)
        if size:
            self.delta_count += 1
            self._room -= size
            if self._room >= 0:
                _add_delta(message, delta)

    def document(self) -> bytes:
        """The unary shape, one JSON document; empty when nothing came."""
        if not self._messages and not self.usage:
            return b""
        choices = [
            {
                "index": index,
                "message": self._messages[index].document(),
                "finish_reason": self._messages[index].finish_reason,
            }
            for index in sorted(self._messages)
        ]
        return _encoder.encode(
            {
                "id": self.id,
                "object": "chat.completion",
                "created": self._created,
                "model": self.model,
                "choices": choices,
                "usage": msgspec.Raw(self.usage or b"null"),
            }
        )


def _size(delta: _Delta) -> int:
    """Characters of generated text in a delta, names and ids of tool calls included."""
    size = len(delta.content or "")
    if delta.refusal or delta.reasoning_content or delta.reasoning:
        size += len(delta.refusal or "") + len(delta.reasoning_content or delta.reasoning or "")
    for call in delta.tool_calls or ():
        function = call.function or _Function()
        size += len(call.id or "") + len(function.name or "") + len(function.arguments or "")
    if delta.function_call is not None:
        size += len(delta.function_call.name or "") + len(delta.function_call.arguments or "")
    return size


def _add_delta(message: _Message, delta: _Delta) -> None:
    if delta.content:
        message.add_text("content", delta.content)
    if delta.refusal:
        message.add_text("refusal", delta.refusal)
    if reasoning := delta.reasoning_content or delta.reasoning:
        message.add_text("reasoning_content", reasoning)
    for position, call in enumerate(delta.tool_calls or ()):
        message.add_call(call, position)
    if delta.function_call is not None:
        message.function = message.function or _function()
        _grow(message.function, delta.function_call)


def _function() -> dict[str, Any]:
    return {"name": "", "arguments": []}


def _grow(function: dict[str, Any], delta: _Function | None) -> None:
    if delta is not None:
        function["name"] += delta.name or ""
        if delta.arguments:
            function["arguments"].append(delta.arguments)


def _finished(function: dict[str, Any]) -> dict[str, Any]:
    return {"name": function["name"], "arguments": "".join(function["arguments"])}


def _joined(call: dict[str, Any]) -> dict[str, Any]:
    return {**call, "function": _finished(call["function"])}
