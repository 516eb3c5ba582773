"""The content blocks of one of Anthropic's answers, while they arrive."""

from collections.abc import Iterator
from typing import Final

import msgspec

from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import (
    AnswerEvent,
    CitationAdded,
    OtherAdded,
    ReasoningDelta,
    ReasoningEnded,
    TextDelta,
    TextEnded,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from penstock.rules.neutral.conversation import Citation, Other
from penstock.rules.wire.anthropic.blocks import DIALECT
from penstock.rules.wire.anthropic.citations import read_citation

_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any: Final = msgspec.json.Decoder()
_encoder: Final = msgspec.json.Encoder()
_EMPTY: Final = (b"", b"null", b"{}")


class Start(msgspec.Struct):
    """A block as it begins; of a whole answer, the whole block."""

    type: str
    text: str | None = None
    citations: list[msgspec.Raw] | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = msgspec.Raw()


class BlockDelta(msgspec.Struct):
    """More of a block. Which member it has depends on the kind of the block."""

    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    citation: msgspec.Raw = msgspec.Raw()


class OpenBlock:
    """A block that has not ended. `held`: bytes that wait for its end."""

    is_call = False

    def __init__(self, held: int = 0) -> None:
        self.held = held

    def begin(self) -> Iterator[AnswerEvent]:
        """The events of its begin."""
        return iter(())

    def add(self, delta: BlockDelta) -> Iterator[AnswerEvent]:
        """The events of a delta."""
        raise NotImplementedError

    def end(self) -> Iterator[AnswerEvent]:
        """The events of its end."""
        raise NotImplementedError


class _TextBlock(OpenBlock):
    def __init__(self, start: Start) -> None:
        super().__init__()
        self._text = start.text or ""
        self._citations: list[Citation] = []
        for raw in start.citations or ():
            self._cite(bytes(raw))

    def begin(self) -> Iterator[AnswerEvent]:
        if self._text:
            yield TextDelta(0, self._text)

    def add(self, delta: BlockDelta) -> Iterator[AnswerEvent]:
        self._cite(bytes(delta.citation))
        if delta.text:
            yield TextDelta(0, delta.text)

    def end(self) -> Iterator[AnswerEvent]:
        for citation in self._citations:
            yield CitationAdded(0, citation)
        yield TextEnded(0)

    def _cite(self, value: bytes) -> None:
        """Keeps a citation until the text before it is complete."""
        if value and (citation := read_citation(value)) is not None:
            self.held += len(value)
            self._citations.append(citation)


class _ThinkingBlock(OpenBlock):
    def __init__(self, start: Start) -> None:
        self._thinking = start.thinking or ""
        self._signature = start.signature or ""
        super().__init__(len(self._signature))

    def begin(self) -> Iterator[AnswerEvent]:
        if self._thinking:
            yield ReasoningDelta(0, self._thinking)

    def add(self, delta: BlockDelta) -> Iterator[AnswerEvent]:
        if delta.thinking:
            yield ReasoningDelta(0, delta.thinking)
        if delta.signature:
            self._signature = delta.signature
            self.held = len(self._signature)

    def end(self) -> Iterator[AnswerEvent]:
        yield ReasoningEnded(0, self._signature)


class _RedactedBlock(OpenBlock):
    def __init__(self, start: Start) -> None:
        self._data = start.data or ""
        super().__init__(len(self._data))

    def add(self, delta: BlockDelta) -> Iterator[AnswerEvent]:  # noqa: ARG002 - it has none
        return iter(())

    def end(self) -> Iterator[AnswerEvent]:
        yield ReasoningEnded(0, encrypted=self._data)


class _CallBlock(OpenBlock):
    """A tool call. Its whole input comes at the begin, or in pieces."""

    is_call = True

    def __init__(self, start: Start, call: int) -> None:
        given = bytes(start.input)
        self._input = "" if given in _EMPTY else given.decode("utf-8", "replace")
        super().__init__(len(given))
        self._call = call
        self._started = ToolCallStarted(0, call, start.id or "", start.name or "")
        self._grown = False

    def begin(self) -> Iterator[AnswerEvent]:
        yield self._started

    def add(self, delta: BlockDelta) -> Iterator[AnswerEvent]:
        if delta.partial_json:
            self._grown = True
            yield ToolArgumentsDelta(0, self._call, delta.partial_json)

    def end(self) -> Iterator[AnswerEvent]:
        if not self._grown:
            yield ToolArgumentsDelta(0, self._call, self._input or "{}")


class _OtherBlock(OpenBlock):
    """A block that only Anthropic can express, such as the call of a server tool."""

    def __init__(self, value: bytes) -> None:
        super().__init__(len(value))
        self._value = value
        self._pieces: list[str] = []

    def add(self, delta: BlockDelta) -> Iterator[AnswerEvent]:
        if delta.partial_json:
            self.held += len(delta.partial_json)
            self._pieces.append(delta.partial_json)
        return iter(())

    def end(self) -> Iterator[AnswerEvent]:
        yield OtherAdded(0, Other(DIALECT, "part", self._whole()))

    def _whole(self) -> bytes:
        """The block with its input, if that is complete."""
        if not self._pieces:
            return self._value
        given = "".join(self._pieces).encode("utf-8", "replace")
        try:
            decode_json(_any, given)
        except msgspec.DecodeError:
            return self._value
        members = decode_json(_members, self._value)
        return _encoder.encode({**members, "input": msgspec.Raw(given)})


def open_block(start: Start, value: bytes, call: int) -> OpenBlock:
    """Opens a block. `value` is its JSON, `call` the number of the next tool call."""
    match start.type:
        case "text":
            return _TextBlock(start)
        case "thinking":
            return _ThinkingBlock(start)
        case "redacted_thinking":
            return _RedactedBlock(start)
        case "tool_use":
            return _CallBlock(start, call)
        case _:
            return _OtherBlock(value)
