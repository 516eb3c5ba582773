"""Reads a call's request and response: previews when it is stored, messages and parameters when it
is shown."""

from typing import Final, NamedTuple, TypeVar

import msgspec

from penstock.features.traces import messages, openai_content
from penstock.features.traces.messages import Message
from penstock.features.traces.neutral_content import (
    DialectReader,
    DialectReaders,
    answer_messages,
    conversation_attributes,
    request_messages,
    tool_definitions,
)
from penstock.features.traces.operation_content import last_input, plain_text
from penstock.features.traces.parameters import request_attributes
from penstock.features.traces.payload import Json, decode, encode, is_too_large, mapping
from penstock.rules.neutral.answer import AnswerEvent
from penstock.rules.neutral.conversation import Conversation

PREVIEW_CHARS: Final = 200

_OPENAI: Final = frozenset({"openai", ""})  # records of early versions name no dialect
_NOT_READ: Final = DialectReader()
_HISTORIES: Final = ("messages", "contents", "input")  # the member with the messages, by dialect


# A preview needs one message, so that the others are skipped and not decoded.
class _Request(msgspec.Struct, gc=False):
    messages: list[msgspec.Raw] | None = None
    input: msgspec.Raw = msgspec.Raw(b"null")
    prompt: msgspec.Raw = msgspec.Raw(b"null")
    query: msgspec.Raw = msgspec.Raw(b"null")


class _Response(msgspec.Struct, gc=False):
    choices: list[msgspec.Raw] | None = None


Part = TypeVar("Part", _Request, _Response)


class Asked(NamedTuple):
    """A request as OpenTelemetry GenAI messages. Empty if nothing was captured."""

    messages: list[Message]
    tools: list[Json]
    attributes: dict[str, Json]


class ContentReader:
    """Reads the payloads of all dialects. Never raises: a payload that cannot be read becomes one
    `unparsed` message."""

    def __init__(self, readers: DialectReaders) -> None:
        self._readers = readers
        self._plain = _OPENAI | {name for name, reader in readers.items() if reader.plain}

    def request(self, text: str, dialect: str) -> Asked:
        """Returns the messages, tools and parameters of a request."""
        value = decode(text)
        if value is not None and dialect in self._plain:
            body = mapping(value)
            return Asked(
                openai_content.input_messages(value),
                openai_content.tool_definitions(body),
                request_attributes(body),
            )
        conversation = None if value is None else self._conversation(text, dialect)
        if conversation is None:
            return Asked(messages.unparsed(text), [], {})
        return Asked(
            request_messages(conversation, value),
            tool_definitions(conversation),
            conversation_attributes(conversation),
        )

    def answer(self, text: str, dialect: str) -> list[Message]:
        """Returns the messages of an answer, one for each choice."""
        value = decode(text)
        if dialect in self._plain and (value is not None or dialect not in _OPENAI):
            shown = value is None and not text.lstrip().startswith(("{", "["))
            return plain_text(text) if shown else openai_content.output_messages(value)
        events = None if value is None else self._events(text, dialect)
        if events is None:
            return [] if "error" in mapping(value) else messages.unparsed(text)
        return answer_messages(events, dialect, value)

    def input_preview(self, text: str, dialect: str) -> str:
        """Returns the start of the last input message."""
        if dialect not in self._plain:
            conversation = self._conversation(_with_last_message(text), dialect)
            return text[:PREVIEW_CHARS] if conversation is None else _last(conversation)
        asked = _read(text, _Request)
        if asked is None:
            return text[:PREVIEW_CHARS]
        if asked.messages is None:
            values = {"input": asked.input, "prompt": asked.prompt, "query": asked.query}
            return _start(last_input({name: _value(raw) for name, raw in values.items()}))
        last = asked.messages[-1:]
        return openai_content.chat_text(_value(last[0]))[:PREVIEW_CHARS] if last else ""

    def output_preview(self, text: str, dialect: str) -> str:
        """Returns the start of the first output message."""
        if dialect not in self._plain:
            events = self._events(text, dialect)
            return text[:PREVIEW_CHARS] if events is None else _first(events, dialect)
        answered = _read(text, _Response)
        if answered is None:
            return text[:PREVIEW_CHARS]
        if answered.choices is None:
            return _start(next(iter(openai_content.output_messages(decode(text))), None))
        first = answered.choices[:1]
        return openai_content.chosen_text(_value(first[0]))[:PREVIEW_CHARS] if first else ""

    def _conversation(self, text: str, dialect: str) -> Conversation | None:
        read = self._readers.get(dialect, _NOT_READ).request
        try:
            return read(text.encode()) if read else None
        except Exception:  # noqa: BLE001 - whatever a reader raises, the text is shown instead
            return None

    def _events(self, text: str, dialect: str) -> list[AnswerEvent] | None:
        read = self._readers.get(dialect, _NOT_READ).answer
        try:
            return list(read(text.encode())) if read else None
        except Exception:  # noqa: BLE001 - whatever a reader raises, the text is shown instead
            return None


def _with_last_message(text: str) -> str:
    """Returns the request without its tools, and with the last message only."""
    try:
        members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        members.pop("tools", None)
        for name in _HISTORIES:
            if name in members:
                history = msgspec.json.decode(members[name], type=list[msgspec.Raw])
                return encode({**members, name: history[-1:]})
    except (ValueError, RecursionError):
        pass
    return text


def _last(conversation: Conversation) -> str:
    last = Conversation(messages=conversation.messages[-1:])
    return _start(next(reversed(request_messages(last)), None))


def _first(events: list[AnswerEvent], dialect: str) -> str:
    return _start(next(iter(answer_messages(events, dialect)), None))


def _read(text: str, part: type[Part]) -> Part | None:
    """Returns the part of a payload that a preview needs; `None` if it has another shape."""
    if not text or is_too_large(text):
        return None
    try:
        return msgspec.json.decode(text, type=part)
    except (ValueError, RecursionError):
        return None


def _value(raw: msgspec.Raw) -> Json:
    return decode(bytes(raw).decode())


def _start(message: Message | None) -> str:
    return messages.text_of(message)[:PREVIEW_CHARS] if message else ""
