"""Collects the events of a stream into a whole answer, within a limit of text."""

import sys
from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.rules.call import Usage
from penstock.rules.neutral.answer import (
    MAX_NAME_CHARS,
    MAX_REASON_CHARS,
    AnswerChoice,
    AnswerEvent,
    AnswerFacts,
    AnswerStarted,
    ChoiceFinished,
    CitationAdded,
    ContentEvent,
    FinishReason,
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
    bounded_facts,
)
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

PART_COST: Final = 128  # bytes of the limit for each part and citation, beside its text
_UNLIMITED: Final = sys.maxsize  # bytes
_STARTED: Final = AnswerStarted("", "")


_NO_DELTA: Final = (
    *(AnswerStarted, UsageReported, ChoiceFinished),
    *(ReasoningEnded, CitationAdded, TextEnded),
)


def is_delta(event: AnswerEvent) -> bool:
    """Returns true for an event with generated content."""
    return not isinstance(event, _NO_DELTA)


class AnswerCollector:
    """Collects one answer. Keeps up to `limit` bytes of text; further text is counted but not kept.

    `dialect` is the provider's, for the signatures of its reasoning.
    """

    def __init__(self, limit: int = _UNLIMITED, dialect: str = "") -> None:
        self._limit = self._left = limit
        self._dialect = dialect
        self._choices: dict[int, _Choice] = {}
        self._started = _STARTED
        self._usage: Usage | None = None
        self._service_tier = ""
        self.delta_count = 0

    def add(self, event: AnswerEvent) -> None:
        """Adds the next event."""
        match event:
            case AnswerStarted():
                self._started = event
            case UsageReported():
                self._usage = event.usage
                self._service_tier = event.service_tier or self._service_tier
            case ChoiceFinished():
                choice = self._choice(event.choice)
                choice.reason, choice.stop_sequence = event.reason, event.stop_sequence
                choice.raw = event.raw or event.reason.value
            case _:
                self._add_content(event)

    def _add_content(self, event: ContentEvent) -> None:
        size = _size(event)
        self.delta_count += is_delta(event)
        self._left -= size
        if self._left >= 0:
            self._choice(event.choice).add(event, self._dialect)

    def _choice(self, index: int) -> "_Choice":
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _Choice()
        return choice

    def endings(self) -> list[AnswerEvent]:
        """The ends of the choices, and the usage, as last reported."""
        ends: list[AnswerEvent] = [
            ChoiceFinished(index, choice.reason, choice.stop_sequence, choice.raw)
            for index, choice in sorted(self._choices.items())
            if choice.reason is not None
        ]
        usage = [] if self._usage is None else [UsageReported(self._usage, self._service_tier)]
        return ends + usage

    @property
    def finished(self) -> bool:
        """True if every choice that started has a finish reason."""
        return bool(self._choices) and all(each.reason for each in self._choices.values())

    @property
    def text_size(self) -> int:
        """The bytes of generated content so far, as the limit counts them."""
        return self._limit - self._left

    @property
    def facts(self) -> AnswerFacts:
        """The facts for the record."""
        reasons = (self._choices[index].raw for index in sorted(self._choices))
        started = self._started
        return bounded_facts(started.id, started.model, reasons, self._usage, self._service_tier)

    def answer(self) -> WholeAnswer:
        """The answer so far."""
        return WholeAnswer(
            self._started.id[:MAX_NAME_CHARS],
            self._started.model[:MAX_NAME_CHARS],
            self._started.created_s,
            tuple(self._choices[index].answer() for index in sorted(self._choices)),
            self._usage,
        )


class _Choice:
    """One choice during the collection: its parts, the text of each as a list of pieces."""

    reason: FinishReason | None = None
    stop_sequence = ""
    raw = ""

    def __init__(self) -> None:
        self._parts: list[_OpenPart | Part] = []
        self._calls: dict[int, _OpenPart] = {}

    def add(self, event: ContentEvent, dialect: str) -> None:
        match event:
            case TextDelta(_, text):
                self._open(Text("")).pieces.append(text)
            case TextEnded():
                self._close()
            case ToolArgumentsDelta(_, call, arguments):
                if (started := self._calls.get(call)) is not None:
                    started.pieces.append(arguments)
            case ToolCallStarted(_, call, id_, name, signature):
                part = self._calls[call] = _OpenPart(ToolCall(id_, name, "", signature))
                self._parts.append(part)
            case ReasoningDelta(_, text):
                self._open(Reasoning(dialect=dialect)).pieces.append(text)
            case ReasoningEnded(_, signature, encrypted, id_, summary):
                part = self._open(Reasoning())
                part.part = Reasoning("", signature, encrypted, id_, dialect, summary)
                part.closed = True
            case _:
                self._add_rare(event)

    def _add_rare(self, event: "RefusalDelta | CitationAdded | MediaAdded | OtherAdded") -> None:
        match event:
            case RefusalDelta(_, text):
                self._open(Refusal("")).pieces.append(text)
            case CitationAdded(_, citation):
                self._open(Text("")).citations.append(citation)
            case MediaAdded(_, media):
                self._parts.append(media)
            case OtherAdded(_, other):
                self._parts.append(other)

    def _open(self, part: "Text | Refusal | Reasoning") -> "_OpenPart":
        """The last part if it is of the same kind and goes on, else a new one."""
        last = self._parts[-1] if self._parts else None
        if isinstance(last, _OpenPart) and type(last.part) is type(part) and not last.closed:
            return last
        opened = _OpenPart(part)
        self._parts.append(opened)
        return opened

    def _close(self) -> None:
        if self._parts and isinstance(last := self._parts[-1], _OpenPart):
            last.closed = True

    def answer(self) -> AnswerChoice:
        parts = tuple(part.whole() if isinstance(part, _OpenPart) else part for part in self._parts)
        raw = self.raw if self.reason is FinishReason.OTHER else ""
        stop_sequence = self.stop_sequence[:MAX_REASON_CHARS]
        return AnswerChoice(parts, self.reason, stop_sequence, raw[:MAX_REASON_CHARS])


class _OpenPart:
    """A part that grows."""

    def __init__(self, part: Text | Refusal | Reasoning | ToolCall) -> None:
        self.part = part
        self.pieces: list[str] = []
        self.citations: list[Citation] = []
        self.closed = False

    def whole(self) -> Part:
        text = "".join(self.pieces)
        match self.part:
            case Text():
                return Text(text, tuple(self.citations))
            case Refusal():
                return Refusal(text)
            case Reasoning() as part:
                return msgspec.structs.replace(part, text=text)
            case ToolCall() as part:
                return ToolCall(part.id, part.name, text, part.signature)


def collect(events: Iterable[AnswerEvent], dialect: str = "") -> WholeAnswer:
    """Collects a whole answer."""
    collector = AnswerCollector(dialect=dialect)
    for event in events:
        collector.add(event)
    return collector.answer()


def events_of(answer: WholeAnswer) -> list[AnswerEvent]:
    """The events of a whole answer: the inverse of `collect`."""
    events: list[AnswerEvent] = [AnswerStarted(answer.id, answer.model, answer.created_s)]
    for index, choice in enumerate(answer.choices):
        calls = 0
        for part in choice.parts:
            events += _events(index, calls, part)
            calls += isinstance(part, ToolCall)
        if choice.reason is not None:
            finished = ChoiceFinished(index, choice.reason, choice.stop_sequence, choice.raw)
            events.append(finished)
    if answer.usage is not None:
        events.append(UsageReported(answer.usage))
    return events


def _events(choice: int, call: int, part: Part) -> list[AnswerEvent]:
    match part:
        case Text(text, citations):
            cited = [CitationAdded(choice, one) for one in citations]
            return [TextDelta(choice, text), *cited, TextEnded(choice)]
        case Refusal(text):
            return [RefusalDelta(choice, text)]
        case Reasoning():
            ended = ReasoningEnded(choice, part.signature, part.encrypted, part.id, part.summary)
            return [ReasoningDelta(choice, part.text), ended] if part.text else [ended]
        case ToolCall():
            started = ToolCallStarted(choice, call, part.id, part.name, part.signature)
            return [started, ToolArgumentsDelta(choice, call, part.arguments)]
        case Media():
            return [MediaAdded(choice, part)]
        case Other():
            return [OtherAdded(choice, part)]
        case _:
            return []


def _size(event: ContentEvent) -> int:
    """The bytes of a delta that the limit counts."""
    match event:
        case TextDelta(_, text) | RefusalDelta(_, text) | ReasoningDelta(_, text):
            return _bytes(text)
        case ToolArgumentsDelta(_, _, arguments):
            return _bytes(arguments)
        case ToolCallStarted(_, _, id_, name, signature):
            return PART_COST + _bytes(id_) + _bytes(name) + _bytes(signature)
        case ReasoningEnded(_, signature, encrypted, id_, _):
            return PART_COST + _bytes(signature) + _bytes(encrypted) + _bytes(id_)
        case CitationAdded(_, citation):
            texts = (citation.url, citation.title, citation.cited_text)
            return PART_COST + sum(map(_bytes, texts))
        case MediaAdded(_, media):
            return PART_COST + _bytes(media.data) + _bytes(media.url) + _bytes(media.text)
        case OtherAdded(_, other):
            return PART_COST + len(other.value)
        case TextEnded():
            return 0


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
