"""Brings the tool calls of an answer into one order: the arguments of one call, then those of the
next. Some providers mix them, and clients of this format expect one open block."""

from typing import Final

import msgspec

from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import ContentEvent, ToolArgumentsDelta, ToolCallStarted
from penstock.rules.wire.sse_stream import malformed

MAX_WAITING_CHARS: Final = 4 * 1024 * 1024  # of arguments that wait, and of those of one call
_any: Final = msgspec.json.Decoder()


class CallOrder:
    """A call waits while the arguments of the one before it are no whole JSON text."""

    def __init__(self) -> None:
        self._open: int | None = None
        self._arguments: list[str] = []  # of the open call, up to the limit
        self._size = 0  # of them
        self._waiting: dict[int, tuple[ToolCallStarted, list[str]]] = {}
        self._left = MAX_WAITING_CHARS

    def add(self, event: ContentEvent) -> list[ContentEvent]:
        """Returns the events that go on now. Raises `UpstreamFailed` for arguments of a call that
        has ended, and for too many that wait."""
        match event:
            case ToolCallStarted(_, call):
                if self._open is None or self._is_whole():
                    self._begin(call)
                    return [event]
                self._waiting[call] = (event, [])
                return []
            case ToolArgumentsDelta(_, call, arguments):
                return self._add_arguments(event, call, arguments)
            case _:
                return [*self.flush(), event]

    def flush(self) -> list[ContentEvent]:
        """Returns all that waits: no more arguments come."""
        found = [event for call in list(self._waiting) for event in self._take(call)]
        self._begin(None)
        return found

    def _add_arguments(
        self, event: ToolArgumentsDelta, call: int, arguments: str
    ) -> list[ContentEvent]:
        if call == self._open:
            self._keep(arguments)
            return [event, *self._whole_ones()] if self._waiting else [event]
        if call not in self._waiting:
            if not arguments.strip():
                return []
            raise malformed("The provider mixed the arguments of several tool calls.")
        self._left -= len(arguments)
        if self._left < 0:
            raise malformed("The provider mixed the arguments of several large tool calls.")
        if arguments:
            self._waiting[call][1].append(arguments)
        return []

    def _whole_ones(self) -> list[ContentEvent]:
        found: list[ContentEvent] = []
        while self._waiting and self._is_whole():
            found += self._take(next(iter(self._waiting)))
        return found

    def _take(self, call: int) -> list[ContentEvent]:
        started, pieces = self._waiting.pop(call)
        self._begin(call)
        for piece in pieces:
            self._keep(piece)
        return [started, *(ToolArgumentsDelta(started.choice, call, piece) for piece in pieces)]

    def _begin(self, call: int | None) -> None:
        self._open = call
        self._arguments = []
        self._size = 0

    def _keep(self, piece: str) -> None:
        self._size += len(piece)
        if piece and self._size <= MAX_WAITING_CHARS:
            self._arguments.append(piece)

    def _is_whole(self) -> bool:
        try:
            decode_json(_any, "".join(self._arguments).encode("utf-8", "replace"))
        except msgspec.DecodeError:
            return False
        return True
