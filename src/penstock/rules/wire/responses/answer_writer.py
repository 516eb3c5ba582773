"""Writes neutral events as the typed events of the Responses API, or as a whole answer.

Each item ends with its whole content, and the terminal event has the whole answer: so the writer
keeps the text that it has written, up to a limit.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from penstock.rules.neutral.answer import (
    AnswerEvent,
    AnswerStarted,
    ChoiceFinished,
    CitationAdded,
    ContentEvent,
    MediaAdded,
    OtherAdded,
    ReasoningDelta,
    ReasoningEnded,
    RefusalDelta,
    TextDelta,
    TextEnded,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
    WholeAnswer,
)
from penstock.rules.neutral.collector import collect
from penstock.rules.neutral.conversation import (
    Citation,
    Media,
    Other,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from penstock.rules.wire.responses.answer_items import (
    Item,
    annotation,
    call_item,
    content_part,
    image_item,
    is_own,
    message_item,
    reasoning_item,
    response,
    status_of,
)
from penstock.rules.wire.sse_stream import malformed

MAX_WRITTEN_CHARS: Final = 16 * 1024 * 1024  # of the text of one stream
_DELTA_COST: Final = 64  # of the limit for each delta beside its text
_encoder: Final = msgspec.json.Encoder()
_PROGRESS: Final = "in_progress"


class _OpenPart:
    """A part of a message that grows."""

    def __init__(self, part: Text | Refusal, index: int) -> None:
        self.part = part
        self.index = index
        self.pieces: list[str] = []
        self.citations: list[Citation] = []

    def whole(self) -> Text | Refusal:
        text = "".join(self.pieces)
        if isinstance(self.part, Text):
            return Text(text, tuple(self.citations))
        return Refusal(text)


class _OpenItem:
    """An item that grows: a message with its parts, a call or reasoning with its text."""

    def __init__(self, id_: str, index: int) -> None:
        self.at: Item = {"item_id": id_, "output_index": index}
        self.id = id_
        self.index = index
        self.parts: list[Text | Refusal] = []
        self.open: _OpenPart | None = None
        self.call = ToolCall("", "", "")
        self.pieces: list[str] = []


class ResponseEventWriter:
    """Writes one answer as a stream. `dialect` is the provider's: a caller gets its reasoning
    sealed. Raises `UpstreamFailed` for more than `MAX_WRITTEN_CHARS`."""

    def __init__(self, dialect: str, echo: bytes = b"") -> None:
        self._dialect = dialect
        self._echo = echo
        self._number = 0
        self._left = MAX_WRITTEN_CHARS
        self._started: AnswerStarted | None = None
        self._finished: ChoiceFinished | None = None
        self._usage: UsageReported | None = None
        self._output: list[Item] = []  # the items by index; one that is open is empty
        self._message: _OpenItem | None = None
        self._thought: _OpenItem | None = None
        self._calls: dict[int, _OpenItem] = {}

    def write(self, event: AnswerEvent) -> bytes:
        """Returns the bytes of one event; empty for one of a further choice."""
        match event:
            case AnswerStarted():
                return b"".join(self._begin(event))
            case UsageReported():
                self._usage = event
                return b""
            case ChoiceFinished():
                self._finished = self._finished or event
                return b""
            case _:
                return b"" if event.choice else b"".join(self._content(event))

    def end(self) -> bytes:
        """Returns the terminal event, after the ends of all items."""
        reason = self._finished.reason if self._finished is not None else None
        usage = self._usage
        written = [*self._begin(AnswerStarted("", "")), *self._close(status_of(reason))]
        document = response(
            self._started or AnswerStarted("", ""),
            status_of(reason),
            self._output,
            reason=reason,
            usage=usage.usage if usage is not None else None,
            service_tier=usage.service_tier if usage is not None else "",
            echo=self._echo,
        )
        written.append(self._event(f"response.{status_of(reason)}", {"response": document}))
        return b"".join(written)

    def _begin(self, started: AnswerStarted) -> Iterator[bytes]:
        if self._started is None:
            self._started = started
            document = {"response": response(started, _PROGRESS, echo=self._echo)}
            yield self._event("response.created", document)
            yield self._event("response.in_progress", document)

    def _content(self, event: ContentEvent) -> Iterator[bytes]:
        yield from self._begin(AnswerStarted("", ""))
        match event:
            case TextDelta(_, text):
                yield from self._text(Text(""), text, "response.output_text.delta")
            case RefusalDelta(_, text):
                yield from self._text(Refusal(""), text, "response.refusal.delta")
            case TextEnded():
                yield from self._end_text()
            case CitationAdded(_, citation):
                yield from self._cite(citation)
            case ReasoningDelta(_, text):
                yield from self._think(text)
            case ReasoningEnded():
                yield from self._end_thought(event)
            case ToolCallStarted():
                yield from self._call(event)
            case ToolArgumentsDelta():
                yield from self._arguments(event)
            case _:
                yield from self._add(event)

    def _text(self, kind: Text | Refusal, text: str, name: str) -> Iterator[bytes]:
        self._count(text)
        yield from self._open_part(kind)
        message = self._message
        if message is None or message.open is None:
            return
        message.open.pieces.append(text)
        where = {**message.at, "content_index": message.open.index}
        logprobs: Item = {"logprobs": []} if isinstance(kind, Text) else {}
        yield self._event(name, {**where, "delta": text, **logprobs})

    def _end_text(self) -> Iterator[bytes]:
        if self._message is not None:
            yield from self._close_part(self._message)

    def _cite(self, citation: Citation) -> Iterator[bytes]:
        self._count(citation.url + citation.title)
        yield from self._open_part(Text(""))
        message = self._message
        if message is None or message.open is None:
            return
        where = {**message.at, "content_index": message.open.index}
        position = len(message.open.citations)
        message.open.citations.append(citation)
        added = {"annotation_index": position, "annotation": annotation(citation)}
        yield self._event("response.output_text.annotation.added", {**where, **added})

    def _open_part(self, kind: Text | Refusal) -> Iterator[bytes]:
        """Opens a message and a part of this kind in it, unless they are open."""
        message = self._message
        if message is None:
            yield from self._close_thought()
            message = self._message = self._new("msg")
            yield self._added(message, message_item(message.id, (), _PROGRESS))
        if message.open is None or type(message.open.part) is not type(kind):
            yield from self._close_part(message)
            message.open = _OpenPart(kind, len(message.parts))
            where = {**message.at, "content_index": message.open.index}
            yield self._event("response.content_part.added", {**where, "part": content_part(kind)})

    def _close_part(self, message: _OpenItem) -> Iterator[bytes]:
        if message.open is None:
            return
        part = message.open.whole()
        where = {**message.at, "content_index": message.open.index}
        message.parts.append(part)
        message.open = None
        if isinstance(part, Text):
            done: Item = {**where, "text": part.text, "logprobs": []}
            yield self._event("response.output_text.done", done)
        else:
            yield self._event("response.refusal.done", {**where, "refusal": part.text})
        yield self._event("response.content_part.done", {**where, "part": content_part(part)})

    def _close_message(self, status: str = "completed") -> Iterator[bytes]:
        message, self._message = self._message, None
        if message is not None:
            yield from self._close_part(message)
            yield self._done(message, message_item(message.id, message.parts, status))

    def _think(self, text: str) -> Iterator[bytes]:
        self._count(text)
        thought = self._thought
        if thought is None:
            yield from self._close_message()
            thought = self._thought = self._new("rs")
            yield self._added(thought, reasoning_item(thought.id, Reasoning(dialect="")))
        where = {**thought.at, "summary_index": 0}
        if not thought.pieces:
            part = {"type": "summary_text", "text": ""}
            yield self._event("response.reasoning_summary_part.added", {**where, "part": part})
        thought.pieces.append(text)
        yield self._event("response.reasoning_summary_text.delta", {**where, "delta": text})

    def _end_thought(self, event: ReasoningEnded) -> Iterator[bytes]:
        self._count(event.signature + event.encrypted)
        if self._thought is None and (event.signature or event.encrypted):
            yield from self._close_message()
            thought = self._thought = self._new("rs")
            yield self._added(thought, reasoning_item(thought.id, Reasoning(dialect="")))
        yield from self._close_thought(event)

    def _close_thought(self, event: ReasoningEnded | None = None) -> Iterator[bytes]:
        thought, self._thought = self._thought, None
        if thought is None:
            return
        text = "".join(thought.pieces)
        if thought.pieces:
            where = {**thought.at, "summary_index": 0}
            part = {"type": "summary_text", "text": text}
            yield self._event("response.reasoning_summary_text.done", {**where, "text": text})
            yield self._event("response.reasoning_summary_part.done", {**where, "part": part})
        end = event or ReasoningEnded(0)
        whole = Reasoning(text, end.signature, end.encrypted, end.id, self._dialect, end.summary)
        yield self._done(thought, reasoning_item(thought.id, whole))

    def _call(self, event: ToolCallStarted) -> Iterator[bytes]:
        self._count(event.id + event.name + event.signature)
        yield from self._close_message()
        yield from self._close_thought()
        item = self._calls[event.call] = self._new("fc")
        item.call = ToolCall(event.id, event.name, "", event.signature)
        yield self._added(item, call_item(item.id, item.call, _PROGRESS))

    def _arguments(self, event: ToolArgumentsDelta) -> Iterator[bytes]:
        self._count(event.arguments)
        item = self._calls.get(event.call)
        if item is not None:
            item.pieces.append(event.arguments)
            delta = {**item.at, "delta": event.arguments}
            yield self._event("response.function_call_arguments.delta", delta)

    def _add(self, event: MediaAdded | OtherAdded) -> Iterator[bytes]:
        """Writes an item that is complete; nothing for what the format does not have."""
        if isinstance(event, MediaAdded):
            self._count(event.media.data)
            item = image_item(self._id("ig"), event.media)
        else:
            item = msgspec.json.decode(event.other.value) if is_own(event.other) else None
        if item is not None:
            yield from self._close_message()
            yield from self._close_thought()
            opened = self._new("")
            yield self._added(opened, item)
            yield self._done(opened, item)

    def _close(self, status: str) -> Iterator[bytes]:
        """Ends all items. Calls stay open until then, since their arguments may alternate."""
        yield from self._close_message(status)
        yield from self._close_thought()
        for item in self._calls.values():
            arguments = "".join(item.pieces)
            call = msgspec.structs.replace(item.call, arguments=arguments)
            done = {**item.at, "name": call.name, "arguments": arguments}
            yield self._event("response.function_call_arguments.done", done)
            yield self._done(item, call_item(item.id, call, status))

    def _new(self, prefix: str) -> _OpenItem:
        opened = _OpenItem(self._id(prefix), len(self._output))
        self._output.append({})
        return opened

    def _id(self, prefix: str) -> str:
        return item_id(prefix, self._started, len(self._output))

    def _added(self, opened: _OpenItem, item: Item) -> bytes:
        where = {"output_index": opened.index, "item": item}
        return self._event("response.output_item.added", where)

    def _done(self, opened: _OpenItem, item: Item) -> bytes:
        self._output[opened.index] = item
        where = {"output_index": opened.index, "item": item}
        return self._event("response.output_item.done", where)

    def _event(self, name: str, members: dict[str, Any]) -> bytes:
        data = _encoder.encode({"type": name, "sequence_number": self._number, **members})
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (name.encode(), data)

    def _count(self, text: str) -> None:
        self._left -= _DELTA_COST + len(text)
        if self._left < 0:
            raise malformed("The provider's answer is too large for the Responses API.")


def item_id(prefix: str, started: AnswerStarted | None, index: int) -> str:
    """An id that is unique within the answers of a provider."""
    return f"{prefix}_{started.id if started is not None else ''}_{index}"


def render_answer(events: Iterable[AnswerEvent], dialect: str, echo: bytes = b"") -> bytes:
    """Writes a whole answer of a provider with another dialect."""
    return write_answer(collect(events, dialect), echo)


def write_answer(answer: WholeAnswer, echo: bytes = b"") -> bytes:
    """Writes a whole answer: its first choice. `echo`: the member `text` of its request."""
    started = AnswerStarted(answer.id, answer.model, answer.created_s)
    choice = answer.choices[0] if answer.choices else None
    reason = choice.reason if choice is not None else None
    status = status_of(reason)
    output = _write_items(choice.parts, started, status) if choice is not None else []
    document = response(started, status, output, reason=reason, usage=answer.usage, echo=echo)
    return _encoder.encode(document)


def _write_items(parts: tuple[Part, ...], started: AnswerStarted, status: str) -> list[Item]:
    items: list[Item] = []
    texts: list[Text | Refusal] = []

    def end_message() -> None:
        if texts:
            items.append(message_item(item_id("msg", started, len(items)), tuple(texts), status))
            texts.clear()

    for part in parts:
        if isinstance(part, Text | Refusal):
            texts.append(part)
            continue
        end_message()
        item = _write_item(part, started, len(items), status)
        if item is not None:
            items.append(item)
    end_message()
    return items


def _write_item(part: Part, started: AnswerStarted, at: int, status: str) -> Item | None:
    match part:
        case Reasoning():
            return reasoning_item(item_id("rs", started, at), part)
        case ToolCall():
            return call_item(item_id("fc", started, at), part, status)
        case Media():
            return image_item(item_id("ig", started, at), part)
        case Other() if is_own(part):
            return msgspec.json.decode(part.value)
        case _:
            return None
