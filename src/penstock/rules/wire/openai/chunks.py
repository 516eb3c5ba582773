"""Chunks of a chat stream, and their assembly into a whole answer.

`stream.py` finds the events and decides which of them pass.
"""

from typing import Any, Final

import msgspec

from penstock.rules.formats.json_text import decode_json, decode_whole_json
from penstock.rules.neutral.answer import (
    MAX_NAME_CHARS,
    MAX_REASON_CHARS,
    AnswerFacts,
    bounded_facts,
)
from penstock.rules.wire.openai.content_parts import with_texts
from penstock.rules.wire.openai.facts import MAX_CHOICES, text_of
from penstock.rules.wire.openai.usage import read_usage

TOOL_CALL_COST: Final = 128  # bytes of the capture for a new tool call, beside its text
MAX_USAGE_BYTES: Final = 4096  # of a usage object in a stream; real ones have less than 1,000
MAX_CREATED: Final = 2**53  # Unix seconds; a larger number is not a time


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: _Function | None = None


class _UrlCitation(msgspec.Struct):
    url: str = ""
    title: str = ""
    start_index: int = -1
    end_index: int = -1


class Annotation(msgspec.Struct):
    """A source of the text. Other kinds than URLs have no members here."""

    url_citation: _UrlCitation | None = None


class Delta(msgspec.Struct):
    """The new part of a choice, or the whole message of an answer that is not streamed."""

    role: str | None = None
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None  # DeepSeek, vLLM, llama.cpp
    reasoning: str | None = None  # Groq, Ollama, OpenRouter
    tool_calls: list[_ToolCall] | None = None
    function_call: _Function | None = None
    annotations: list[Annotation] | None = None


class _Choice(msgspec.Struct):
    """The new part of one choice: a `delta` of a chat, or the `text` of a completion."""

    index: int | None = None
    delta: Delta | None = None
    finish_reason: str | None = None
    text: str | None = None


class Chunk(msgspec.Struct):
    """One chunk. `error` and `usage` stay raw: most chunks have none."""

    id: str | None = None
    object: str | None = None  # "error": some servers report errors this way
    model: str | None = None
    created: int | None = None
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    service_tier: str | None = None
    system_fingerprint: Any = None  # of any type: some servers send no text


_decoder: Final = msgspec.json.Decoder(Chunk)
_encoder: Final = msgspec.json.Encoder()
_NULL: Final = (b"", b"null")


def read_chunk(data: bytes) -> Chunk:
    """Decodes a chunk; JSON of another shape is an empty chunk. Raises `msgspec.DecodeError`."""
    try:
        return decode_whole_json(_decoder, data)
    except msgspec.ValidationError:
        written = with_texts(data)  # raises for what is not JSON
    try:
        return Chunk() if written is None else decode_json(_decoder, written)
    except msgspec.ValidationError:
        return Chunk()


def present(raw: msgspec.Raw) -> bool:
    """Returns true if a raw member exists and is not null."""
    return bytes(raw) not in _NULL


class _Message:
    """One choice of the answer during assembly."""

    __slots__ = ("calls", "finish_reason", "function", "role", "texts")

    def __init__(self) -> None:
        self.role = "assistant"
        self.texts: dict[str, list[str]] = {}
        self.calls: dict[int, dict[str, Any]] = {}
        self.function: dict[str, Any] | None = None
        self.finish_reason: str | None = None

    def add_text(self, name: str, text: str) -> None:
        self.texts.setdefault(name, []).append(text)

    def count_new(self, deltas: list[_ToolCall]) -> int:
        """Counts the tool calls that have not started yet."""
        begun = self.calls
        return sum(
            (position if delta.index is None else delta.index) not in begun
            for position, delta in enumerate(deltas)
        )

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
    """Assembles chunks into a whole answer. Keeps up to `limit` bytes of text; further text is
    counted but not kept. Single values (id, model, finish reasons) have fixed limits.
    """

    def __init__(self, limit: int) -> None:
        self._limit = self._left = limit
        self._completes = False  # a prompt, not a chat
        self._messages: dict[int, _Message] = {}
        self._created = 0
        self.id = ""
        self.model = ""
        self.delta_count = 0
        self.usage: bytes = b""
        self.service_tier = ""
        self.fingerprint = ""

    @property
    def text_size(self) -> int:
        """The bytes of generated text so far."""
        return self._limit - self._left

    @property
    def facts(self) -> AnswerFacts:
        """The facts for the record, like those of a whole answer."""
        reasons = (self._messages[index].finish_reason for index in sorted(self._messages))
        return bounded_facts(
            self.id,
            self.model,
            reasons,
            read_usage(self.usage),
            self.service_tier,
            fingerprint=self.fingerprint,
        )

    @property
    def finished(self) -> bool:
        """True if every choice that started has a finish reason."""
        messages = self._messages.values()
        return bool(messages) and all(message.finish_reason for message in messages)

    def add(self, chunk: Chunk) -> None:
        if not self.id and chunk.id:
            self.id = chunk.id[:MAX_NAME_CHARS]
        if not self.model and chunk.model:
            self.model = chunk.model[:MAX_NAME_CHARS]
        if not self._created and chunk.created and 0 < chunk.created <= MAX_CREATED:
            self._created = chunk.created
        if not self.service_tier and chunk.service_tier:
            self.service_tier = chunk.service_tier[:MAX_REASON_CHARS]
        if not self.fingerprint and chunk.system_fingerprint:
            self.fingerprint = text_of(chunk.system_fingerprint)[:MAX_NAME_CHARS]
        if present(chunk.usage):
            usage = bytes(chunk.usage)
            self.usage = usage if len(usage) <= MAX_USAGE_BYTES else b""
        for choice in chunk.choices or ():
            self._add_choice(choice)

    def _add_choice(self, choice: _Choice) -> None:
        index = choice.index or 0
        message = self._messages.get(index)
        if message is None:
            if not 0 <= index < MAX_CHOICES:
                has_content = choice.delta is not None and _size(choice.delta) > 0
                self.delta_count += has_content or bool(choice.text)
                return
            message = self._messages[index] = _Message()
        if choice.finish_reason:
            message.finish_reason = choice.finish_reason[:MAX_REASON_CHARS]
        if choice.delta is not None:
            self._add_delta(message, choice.delta)
        elif choice.text is not None:
            self._completes = True
            self._add_delta(message, Delta(content=choice.text))

    def _add_delta(self, message: _Message, delta: Delta) -> None:
        if delta.role:
            message.role = delta.role[:MAX_REASON_CHARS]
        size = _size(delta)
        if not size:
            return
        self.delta_count += 1
        if delta.tool_calls:
            size += TOOL_CALL_COST * message.count_new(delta.tool_calls)
        self._left -= size
        if self._left >= 0:
            _add_delta(message, delta)

    def document(self) -> bytes:
        """The whole answer as one JSON document; empty if nothing arrived."""
        if not self._messages and not self.usage:
            return b""
        choices = [
            {
                "index": index,
                **self._content(self._messages[index]),
                "finish_reason": self._messages[index].finish_reason,
            }
            for index in sorted(self._messages)
        ]
        return _encoder.encode(
            {
                "id": self.id,
                "object": "text_completion" if self._completes else "chat.completion",
                "created": self._created,
                "model": self.model,
                "choices": choices,
                "usage": msgspec.Raw(self.usage or b"null"),
            }
        )

    def _content(self, message: _Message) -> dict[str, Any]:
        document = message.document()
        return {"text": document["content"] or ""} if self._completes else {"message": document}


def _size(delta: Delta) -> int:
    """Counts the bytes of generated text in a delta, with names, ids and types of tool calls."""
    size = _bytes(delta.content)
    if delta.refusal or delta.reasoning_content or delta.reasoning:
        size += _bytes(delta.refusal) + _bytes(delta.reasoning_content or delta.reasoning)
    for call in delta.tool_calls or ():
        function = call.function or _Function()
        size += _bytes(call.id) + _bytes(function.name) + _bytes(function.arguments)
        size += _bytes(call.type) if call.type != "function" else 0
    if delta.function_call is not None:
        size += _bytes(delta.function_call.name) + _bytes(delta.function_call.arguments)
    return size


def _bytes(text: str | None) -> int:
    if not text:
        return 0
    return len(text) if text.isascii() else len(text.encode())


def _add_delta(message: _Message, delta: Delta) -> None:
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
    return {"name": [], "arguments": []}


def _grow(function: dict[str, Any], delta: _Function | None) -> None:
    if delta is not None:
        if delta.name:
            function["name"].append(delta.name)
        if delta.arguments:
            function["arguments"].append(delta.arguments)


def _finished(function: dict[str, Any]) -> dict[str, Any]:
    return {"name": "".join(function["name"]), "arguments": "".join(function["arguments"])}


def _joined(call: dict[str, Any]) -> dict[str, Any]:
    return {**call, "function": _finished(call["function"])}
