"""Writes neutral events as chunks of a stream, or as a whole answer.

A function call goes out whole, because the format has no parts of arguments; finish reasons and
usage go out in the last chunk.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.call import Usage
from penstock.rules.neutral.answer import (
    AnswerEvent,
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
)
from penstock.rules.neutral.collector import events_of
from penstock.rules.neutral.conversation import Citation, Other, Reasoning, ToolCall
from penstock.rules.wire.gemini.answer_parts import (
    finish_reason,
    media_part,
    object_of,
)
from penstock.rules.wire.gemini.citations import CitedText, write_grounding
from penstock.rules.wire.gemini.parts import DIALECT, WrittenPart, as_signature
from penstock.rules.wire.gemini.usage import write_usage
from penstock.rules.wire.sealed_reasoning import seal_call, seal_reasoning

MAX_WAITING_CHARS: Final = 4 * 1024 * 1024  # of arguments and reasoning of one answer
MAX_FINISH_MESSAGE_CHARS: Final = 1000  # of calls whose arguments are no object

_encoder: Final = msgspec.json.Encoder()


class GeminiChunkWriter:
    """Writes the events of one answer as a stream. `dialect` is the provider's: the reasoning of
    another one is sealed in `thoughtSignature` (`sealed_reasoning.py`)."""

    def __init__(self, *, dialect: str) -> None:
        self._answer = _Answer(dialect)

    def write(self, event: AnswerEvent) -> bytes:
        """Returns the chunk of one event; empty for one that goes out later."""
        parts = self._answer.add(event)
        if not parts or isinstance(event, AnswerStarted | UsageReported):
            return b""
        content = {"parts": parts, "role": "model"}
        return _event(self._answer.document([{"content": content, "index": event.choice}]))

    def end(self) -> bytes:
        """Returns the last chunk, with finish reasons and usage."""
        candidates = self._answer.last_candidates()
        for candidate in candidates:  # official clients take a turn without parts as a bad one
            candidate["content"]["parts"] = candidate["content"]["parts"] or [{"text": ""}]
        return _event(self._answer.document(candidates, self._answer.usage))


def render_answer(events: Iterable[AnswerEvent], dialect: str) -> bytes:
    """Writes a whole answer of a provider of `dialect`."""
    answer = _Answer(dialect)
    parts: defaultdict[int, _WholeParts] = defaultdict(_WholeParts)
    for event in events:
        added = answer.add(event)
        if not isinstance(event, AnswerStarted | UsageReported):
            parts[event.choice].add(added)
    candidates = answer.last_candidates()
    for candidate in candidates:
        of_choice = parts[candidate["index"]]
        of_choice.add(candidate["content"]["parts"])
        whole = of_choice.whole()
        candidate["content"] = {"role": "model", **({"parts": whole} if whole else {})}
    return _encoder.encode(answer.document(candidates, answer.usage))


def write_answer(answer: WholeAnswer) -> bytes:
    """Writes a whole answer of a provider of this dialect."""
    return render_answer(events_of(answer), DIALECT)


class _Answer:
    """The state of one answer: what waits until a call or a choice is complete."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._started = AnswerStarted("", "")
        self._choices: dict[int, _Choice] = {}
        self._left = MAX_WAITING_CHARS
        self._text = CitedText()
        self.usage: Usage | None = None

    def add(self, event: AnswerEvent) -> list[WrittenPart]:
        """Returns the parts that go out now."""
        match event:
            case AnswerStarted():
                self._started = event
                return []
            case UsageReported(usage):
                self.usage = usage
                return []
            case ChoiceFinished():
                choice = self._choice(event.choice)
                choice.finished = event
                return choice.flush()
            case _:
                return self._content(event, self._choice(event.choice))

    def document(
        self, candidates: list[dict[str, Any]], usage: Usage | None = None
    ) -> dict[str, Any]:
        """One chunk, or the whole answer."""
        document: dict[str, Any] = {"candidates": candidates}
        if usage is not None:
            document["usageMetadata"] = write_usage(usage)
        return {
            **document,
            "modelVersion": self._started.model,
            "responseId": self._started.id,
        }

    def last_candidates(self) -> list[dict[str, Any]]:
        """The candidates with their finish reasons, and with the parts that still wait."""
        return [
            {
                "content": {"parts": choice.flush(), "role": "model"},
                **choice.ending(self._text.whole(index)),
                "index": index,
            }
            for index, choice in sorted(self._choices.items())
        ]

    def _choice(self, index: int) -> "_Choice":
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _Choice(self._dialect)
        return choice

    def _content(self, event: ContentEvent, choice: "_Choice") -> list[WrittenPart]:
        match event:
            case ToolCallStarted():
                self._wait(event.id + event.name + event.signature)
                choice.start(event)
                return []
            case ToolArgumentsDelta(_, call, arguments):
                self._wait(arguments)
                choice.continue_call(call, arguments)
                return []
            case CitationAdded(_, citation):
                choice.cite(citation)
                return []
            case TextDelta(index, text):
                self._text.add(index, text)
                choice.text_size += len(text)
                return [*choice.flush(), {"text": text}]
            case TextEnded():
                choice.text_start = choice.text_size
                return []
            case ReasoningDelta(_, text):
                if self._dialect != DIALECT:
                    self._wait(text)
                return [*choice.flush(), *choice.think(text)]
            case _:
                return self._rare(event, choice)

    def _rare(
        self, event: "RefusalDelta | ReasoningEnded | MediaAdded | OtherAdded", choice: "_Choice"
    ) -> list[WrittenPart]:
        match event:
            case RefusalDelta(_, text):
                return [*choice.flush(), {"text": text}]
            case MediaAdded(_, media):
                return [*choice.flush(), media_part(media)]
            case ReasoningEnded():
                return [*choice.flush_calls(), *choice.end_reasoning(event)]
            case OtherAdded(_, other):
                return choice.other(other)

    def _wait(self, text: str) -> None:
        self._left -= len(text)
        if self._left < 0:
            raise UpstreamFailed(
                "The arguments or the reasoning of the provider's answer are too large.",
                code="upstream_malformed",
            )


class _Choice:
    """One choice. `_sealed` is complete reasoning that waits: the next call carries it, or a part
    of its own."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._calls: dict[int, tuple[ToolCallStarted, list[str]]] = {}
        self._thoughts: list[str] = []
        self._sealed: list[Reasoning] = []
        self._bad_calls: list[str] = []
        self._extras: dict[str, Any] = {}
        self._citations: list[Citation] = []
        self.text_size = 0  # characters of all text parts
        self.text_start = 0  # of the text part that goes on
        self.finished: ChoiceFinished | None = None

    def start(self, event: ToolCallStarted) -> None:
        self._calls[event.call] = (event, [])

    def continue_call(self, call: int, arguments: str) -> None:
        if (started := self._calls.get(call)) is not None:
            started[1].append(arguments)

    def cite(self, citation: Citation) -> None:
        """Adds a source. Text parts become one text, so that its place moves."""
        start, end = citation.start, citation.end
        if start >= 0:
            start, end = start + self.text_start, end + self.text_start
        self._citations.append(msgspec.structs.replace(citation, start=start, end=end))

    def think(self, text: str) -> list[WrittenPart]:
        if self._dialect != DIALECT:
            self._thoughts.append(text)
        else:
            self._thoughts = [""]
        return [{"text": text, "thought": True}]

    def end_reasoning(self, event: ReasoningEnded) -> list[WrittenPart]:
        """Google's own signature belongs to the part before it; another's is sealed."""
        text, thought = "".join(self._thoughts), bool(self._thoughts)
        self._thoughts = []
        if self._dialect == DIALECT:
            part: dict[str, Any] = {"text": "", "thoughtSignature": event.signature}
            return [{**part, "thought": True} if thought else part] if event.signature else []
        if event.signature or event.encrypted:
            self._sealed.append(
                Reasoning(text, event.signature, event.encrypted, event.id, self._dialect)
            )
        return []

    def flush(self) -> list[WrittenPart]:
        """Returns what waits, in its order: calls, then reasoning that no call carries."""
        calls = self.flush_calls()
        parts: list[WrittenPart] = [
            {"text": "", "thought": True, "thoughtSignature": as_signature(sealed)}
            for reasoning in self._sealed
            if (sealed := seal_reasoning(reasoning))
        ]
        self._sealed = []
        return calls + parts

    def flush_calls(self) -> list[WrittenPart]:
        """The calls that wait. The first one carries the reasoning before it."""
        parts: list[WrittenPart] = []
        for started, pieces in self._calls.values():
            arguments = "".join(pieces)
            args = object_of(arguments)
            if args is None:
                self._bad_calls.append(f"{started.name}({arguments})")
            else:
                parts.append(self._call(started, args))
        self._calls = {}
        return parts

    def _call(self, started: ToolCallStarted, args: msgspec.Raw) -> dict[str, Any]:
        call = {"id": started.id, "name": started.name, "args": args}
        part: dict[str, Any] = {"functionCall": {key: each for key, each in call.items() if each}}
        if self._dialect == DIALECT:
            signature = started.signature
        else:
            sealed = seal_call(ToolCall("", "", "", started.signature), tuple(self._sealed))
            signature = as_signature(sealed) if sealed else ""
            self._sealed = []
        return {**part, "thoughtSignature": signature} if signature else part

    def other(self, other: Other) -> list[WrittenPart]:
        """Parts of this dialect go out, members of a candidate wait; others have no place."""
        if other.dialect != DIALECT:
            return []
        if other.kind == "candidate":
            self._extras |= msgspec.json.decode(other.value, type=dict[str, msgspec.Raw])
            return []
        return [*self.flush(), msgspec.Raw(other.value)]

    def ending(self, text: str) -> dict[str, Any]:
        """The members of the candidate beside its content."""
        ending: dict[str, Any] = {}
        if self.finished is not None:
            ending["finishReason"] = finish_reason(self.finished, self._dialect)
        if self._bad_calls:
            message = f"Malformed function call: {', '.join(self._bad_calls)}"
            ending["finishMessage"] = message[:MAX_FINISH_MESSAGE_CHARS]
            if self.finished is None or self.finished.reason is not FinishReason.LENGTH:
                ending["finishReason"] = "MALFORMED_FUNCTION_CALL"
        if self._citations and not self._extras:
            ending["groundingMetadata"] = write_grounding(self._citations, text)
        return {**ending, **self._extras}


class _WholeParts:
    """The parts of a whole answer. Deltas of one text become one part, and a signature joins the
    part before it."""

    def __init__(self) -> None:
        self._parts: list[WrittenPart] = []
        self._pieces: list[list[str]] = []  # the text of each part

    def add(self, parts: list[WrittenPart]) -> None:
        for part in parts:
            last = self._parts[-1] if self._parts else None
            if isinstance(last, dict) and isinstance(part, dict) and _joins(last, part):
                self._pieces[-1].append(part["text"])
                last |= {name: value for name, value in part.items() if name == "thoughtSignature"}
            else:
                self._parts.append(part)
                self._pieces.append([part.get("text", "")] if isinstance(part, dict) else [])

    def whole(self) -> list[WrittenPart]:
        return [
            {**part, "text": "".join(pieces)} if isinstance(part, dict) and "text" in part else part
            for part, pieces in zip(self._parts, self._pieces, strict=True)
        ]


def _joins(last: dict[str, Any], part: dict[str, Any]) -> bool:
    """True if `part` goes on with the text of `last`, or has only its signature."""
    if "text" not in part or "thoughtSignature" in last:
        return False
    if "inlineData" in last:
        return not part["text"] and "thoughtSignature" in part
    return "text" in last and ("thought" in last) == ("thought" in part)


def _event(document: dict[str, Any]) -> bytes:
    return b"data: " + _encoder.encode(document) + b"\n\n"
