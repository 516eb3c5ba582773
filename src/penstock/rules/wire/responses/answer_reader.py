"""Reads answers of the Responses API as neutral events: its typed events, and whole answers."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.json_text import decode_json, decode_whole_json
from penstock.rules.neutral.answer import (
    MAX_NAME_CHARS,
    AnswerEvent,
    AnswerFacts,
    AnswerStarted,
    ChoiceFinished,
    CitationAdded,
    FinishReason,
    OtherAdded,
    ReasoningDelta,
    ReasoningEnded,
    RefusalDelta,
    TextDelta,
    TextEnded,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
    bounded_facts,
)
from penstock.rules.neutral.conversation import Citation, Other
from penstock.rules.provider_ids import MAX_ID_CHARS
from penstock.rules.wire.members import LIST, NUMBER, TEXT, Members
from penstock.rules.wire.responses.request_reader import DIALECT
from penstock.rules.wire.responses.usage import read_usage, usage_in_tail
from penstock.rules.wire.sse_stream import ErrorReported, malformed

MAX_OUTPUT_ITEMS: Final = 1024  # of one answer; one with more is malformed
_BETWEEN: Final = "\n\n"  # the parts of a summary
_INCOMPLETE: Final = {
    "max_output_tokens": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
}


class _Event(msgspec.Struct):
    """The members of all events that are read. Any value can have an unexpected type."""

    type: Any = None
    response: msgspec.Raw = msgspec.Raw()
    item: msgspec.Raw = msgspec.Raw()
    annotation: msgspec.Raw = msgspec.Raw()
    output_index: Any = None
    summary_index: Any = None
    delta: Any = None
    arguments: Any = None


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Part(msgspec.Struct):
    type: str = ""
    text: str = ""
    refusal: str = ""
    annotations: list[msgspec.Raw] = []


class _Annotation(msgspec.Struct):
    url: str = ""
    title: str = ""
    filename: str = ""
    start_index: int = -1
    end_index: int = -1


class _OutputItem(msgspec.Struct):
    type: str = ""
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    content: list[_Part] | None = None
    summary: list[_Part] | None = None
    encrypted_content: str | None = None


_any: Final = msgspec.json.Decoder()
_event: Final = msgspec.json.Decoder(_Event)
_item: Final = msgspec.json.Decoder(_OutputItem)
_annotation: Final = msgspec.json.Decoder(_Annotation)
_incomplete: Final = msgspec.json.Decoder(_Incomplete)
_raw: Final = msgspec.json.Decoder(msgspec.Raw)
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NO_ITEM: Final = _OutputItem()
_NO_ANNOTATION: Final = _Annotation()


class _State:
    """The part of an item that was read. `streamed`: its text, or its arguments, arrived in deltas.
    `thought`: the kind of reasoning that is open; `position`: its summary part."""

    streamed = False
    done = False
    call = -1
    thought = ""
    position: Any = None


class ResponseReader:
    """An `EventReader`. Keeps the answer in the terminal event up to `keep` bytes."""

    may_end = False  # a stream without a terminal event is incomplete

    def __init__(self, keep: int = 0) -> None:
        self._keep = keep
        self._started = False
        self._items: dict[int, _State] = {}
        self._calls = 0
        self.ended = False
        self.response = b""

    def read(self, name: bytes, data: bytes) -> list[AnswerEvent]:
        """Returns the neutral events of one event; an event of an unknown type has none."""
        try:
            event = decode_whole_json(_event, data)
        except msgspec.ValidationError:
            decode_json(_any, data)  # raises for what is not JSON
            return []
        if not isinstance(event.type, str):
            event.type = name.decode("utf-8", "replace")
        if event.type == "error":
            raise ErrorReported(data)
        read = _READERS.get(event.type)
        return list(read(self, event)) if read is not None else []

    def start(self, event: _Event) -> Iterator[AnswerEvent]:
        """The first event, once, from any event with the whole answer."""
        if not self._started:
            yield from self._start(_read_members(bytes(event.response)))

    def _start(self, answer: Members) -> Iterator[AnswerEvent]:
        if not self._started:
            self._started = True
            created = answer.find("created_at", NUMBER) or 0
            yield AnswerStarted(
                (answer.find("id", TEXT) or "")[:MAX_ID_CHARS],
                (answer.find("model", TEXT) or "")[:MAX_NAME_CHARS],
                int(created) if 0 < created < 2**53 else 0,
            )

    def add_item(self, event: _Event) -> Iterator[AnswerEvent]:
        """A new item: of interest is the name of a function."""
        state, item = self._state(event.output_index), _read_item(bytes(event.item))
        if item.type == "function_call":
            yield from self._call(state, item)

    def _call(self, state: _State, item: _OutputItem) -> Iterator[AnswerEvent]:
        if state.call < 0:
            state.call, self._calls = self._calls, self._calls + 1
            yield ToolCallStarted(0, state.call, item.call_id or "", item.name or "")

    def text(self, event: _Event) -> Iterator[AnswerEvent]:
        self._state(event.output_index).streamed = True
        if isinstance(event.delta, str) and event.delta:
            yield TextDelta(0, event.delta)

    def end_text(self, event: _Event) -> Iterator[AnswerEvent]:
        if self._state(event.output_index).streamed:
            yield TextEnded(0)

    def refusal(self, event: _Event) -> Iterator[AnswerEvent]:
        self._state(event.output_index).streamed = True
        if isinstance(event.delta, str) and event.delta:
            yield RefusalDelta(0, event.delta)

    def add_annotation(self, event: _Event) -> Iterator[AnswerEvent]:
        yield CitationAdded(0, _read_citation(bytes(event.annotation)))

    def summary(self, event: _Event) -> Iterator[AnswerEvent]:
        state = self._state(event.output_index)
        yield from self._think(state, "summary")
        if state.position not in (None, event.summary_index):
            yield ReasoningDelta(0, _BETWEEN)
        state.position = event.summary_index
        if isinstance(event.delta, str) and event.delta:
            yield ReasoningDelta(0, event.delta)

    def thought(self, event: _Event) -> Iterator[AnswerEvent]:
        yield from self._think(self._state(event.output_index), "content")
        if isinstance(event.delta, str) and event.delta:
            yield ReasoningDelta(0, event.delta)

    def _think(self, state: _State, kind: str) -> Iterator[AnswerEvent]:
        """Ends the summary where the reasoning itself begins, and the other way round."""
        state.streamed = True
        if state.thought and state.thought != kind:
            yield ReasoningEnded(0, summary=state.thought == "summary")
        state.thought = kind

    def arguments(self, event: _Event) -> Iterator[AnswerEvent]:
        """Arguments of an item whose begin is missing wait for its end, which has the name."""
        state = self._state(event.output_index)
        if state.call >= 0 and isinstance(event.delta, str) and event.delta:
            state.streamed = True
            yield ToolArgumentsDelta(0, state.call, event.delta)

    def end_item(self, event: _Event) -> Iterator[AnswerEvent]:
        yield from self._end_item(self._state(event.output_index), bytes(event.item))

    def _end_item(self, state: _State, value: bytes) -> Iterator[AnswerEvent]:
        """Reads what was not streamed of an item."""
        if state.done:
            return
        state.done = True
        item = _read_item(value)
        match item.type:
            case "message":
                if not state.streamed:
                    yield from _content(item)
            case "function_call":
                yield from self._call(state, item)
                if not state.streamed and item.arguments:
                    yield ToolArgumentsDelta(0, state.call, item.arguments)
            case "reasoning":
                yield from self._end_thought(state, item)
            case _:
                if value:
                    yield OtherAdded(0, Other(DIALECT, "item", value))

    def _end_thought(self, state: _State, item: _OutputItem) -> Iterator[AnswerEvent]:
        if not state.streamed:
            for kind, parts in (("summary", item.summary), ("content", item.content)):
                if text := _BETWEEN.join(part.text for part in parts or ()):
                    yield from self._think(state, kind)
                    yield ReasoningDelta(0, text)
        encrypted, is_summary = item.encrypted_content or "", state.thought == "summary"
        yield ReasoningEnded(0, "", encrypted, (item.id or "")[:MAX_NAME_CHARS], is_summary)

    def finish(self, event: _Event) -> Iterator[AnswerEvent]:
        """The terminal event has the whole answer."""
        document = bytes(event.response)
        self.ended = True
        self.response = document if len(document) <= self._keep else b""
        yield from self.whole(_read_members(document))

    def fail(self, event: _Event) -> Iterator[AnswerEvent]:
        answer = _read_members(bytes(event.response))
        raise ErrorReported(bytes(answer.find("error", _raw) or b"{}"))

    def whole(self, answer: Members) -> Iterator[AnswerEvent]:
        """Yields what was not streamed of an answer."""
        yield from self._start(answer)
        for index, item in enumerate(answer.find("output", LIST) or ()):
            yield from self._end_item(self._state(index), bytes(item))
        word = _word(answer)
        reason = _INCOMPLETE.get(word, FinishReason.OTHER)
        if word == "completed":
            reason = FinishReason.TOOL_CALLS if self._calls else FinishReason.STOP
        yield ChoiceFinished(0, reason, raw=word)
        facts = facts_of(answer)
        if facts.usage is not None:
            yield UsageReported(facts.usage, facts.service_tier)

    def _state(self, index: Any) -> _State:
        key = index if isinstance(index, int) else 0
        state = self._items.get(key)
        if state is None:
            if len(self._items) >= MAX_OUTPUT_ITEMS:
                raise malformed("The provider's answer has too many items.")
            state = self._items[key] = _State()
        return state


_READERS: Final[dict[str, Callable[[ResponseReader, _Event], Iterator[AnswerEvent]]]] = {
    "response.created": ResponseReader.start,
    "response.queued": ResponseReader.start,
    "response.in_progress": ResponseReader.start,
    "response.output_item.added": ResponseReader.add_item,
    "response.output_text.delta": ResponseReader.text,
    "response.output_text.done": ResponseReader.end_text,
    "response.output_text.annotation.added": ResponseReader.add_annotation,
    "response.refusal.delta": ResponseReader.refusal,
    "response.reasoning_summary_text.delta": ResponseReader.summary,
    "response.reasoning_text.delta": ResponseReader.thought,
    "response.function_call_arguments.delta": ResponseReader.arguments,
    "response.output_item.done": ResponseReader.end_item,
    "response.completed": ResponseReader.finish,
    "response.incomplete": ResponseReader.finish,
    "response.failed": ResponseReader.fail,
}


def read_events(body: bytes) -> list[AnswerEvent]:
    """Reads the events of a whole answer. Raises `UpstreamFailed` if it is not one, or failed."""
    try:
        answer = Members(decode_json(_members, body))
    except msgspec.DecodeError:
        answer = None
    if answer is None or answer.find("output", LIST) is None:
        raise malformed("The provider's answer is not one of the Responses API.")
    if _word(answer) == "failed":
        raise malformed("The provider's answer reports an error.")
    return list(ResponseReader().whole(answer))


def read_answer(body: bytes) -> AnswerFacts:
    """Reads the facts of a whole answer; JSON of another shape has none. Raises `UpstreamFailed` if
    the body is not JSON."""
    try:
        return facts_of(Members(decode_whole_json(_members, body)))
    except msgspec.ValidationError:
        return _without_facts(body)
    except msgspec.DecodeError:
        raise _no_json() from None


def facts_of(answer: Members) -> AnswerFacts:
    """The facts of an answer. The reason why it ended is its own, or its status."""
    usage = bytes(answer.find("usage", _raw) or b"")
    tools = bytes(answer.find("tool_usage", _raw) or b"")
    return bounded_facts(
        answer.find("id", TEXT),
        answer.find("model", TEXT),
        (_word(answer),),
        read_usage(usage, tools),
        answer.find("service_tier", TEXT),
        reports_error=answer.find("error", _raw) is not None,
    )


def facts_in_tail(tail: bytes) -> AnswerFacts:
    """Reads the usage in the end of an answer that is too large to keep whole."""
    return AnswerFacts(usage=usage_in_tail(tail))


def _word(answer: Members) -> str:
    details = answer.find("incomplete_details", _incomplete)
    reason = details.reason if details is not None else None
    return reason or answer.find("status", TEXT) or ""


def _content(item: _OutputItem) -> Iterator[AnswerEvent]:
    for part in item.content or ():
        if part.text:
            yield TextDelta(0, part.text)
        for annotation in part.annotations:
            yield CitationAdded(0, _read_citation(bytes(annotation)))
        if part.type == "output_text":
            yield TextEnded(0)
        if part.refusal:
            yield RefusalDelta(0, part.refusal)


def _read_members(document: bytes) -> Members:
    """The members of an answer; none for JSON of another shape."""
    try:
        return Members(decode_json(_members, document) if document else {})
    except msgspec.ValidationError:
        return Members({})


def _read_item(value: bytes) -> _OutputItem:
    try:
        return decode_json(_item, value) if value else _NO_ITEM
    except msgspec.ValidationError:
        return _NO_ITEM


def _read_citation(value: bytes) -> Citation:
    try:
        found = decode_json(_annotation, value) if value else _NO_ANNOTATION
    except msgspec.ValidationError:
        found = _NO_ANNOTATION
    title = found.title or found.filename
    return Citation(found.url, title, start=found.start_index, end=found.end_index)


def _without_facts(body: bytes) -> AnswerFacts:
    try:
        decode_json(_any, body)
    except msgspec.DecodeError:
        raise _no_json() from None
    return AnswerFacts()


def _no_json() -> UpstreamFailed:
    return malformed("The provider's answer is not valid JSON.")
