"""Splits a stream into events, and writes the data of one event again."""

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from penstock.rules.formats.sse import event_data, event_ends, event_name

_EDGE: Final = 3  # bytes of an incomplete event in which its end can begin


class FramedEvent(NamedTuple):
    """One event. `data` is `None` for one without data, such as a comment."""

    raw: bytes
    kind: str
    data: bytes | None


class EventFraming(Protocol):
    """Splits the bytes of one stream."""

    def split(self, piece: bytes) -> Iterator[FramedEvent]:
        """Yields the events that are complete."""
        ...

    def rest(self) -> FramedEvent | None:
        """Returns what has come of an event that is not complete, at the end of a stream."""
        ...

    def read(self, raw: bytes) -> FramedEvent | None:
        """Reads one event; `None` if some of its bytes depend on its data, such as a checksum."""
        ...

    @property
    def waiting_size(self) -> int:
        """Bytes of the event that is not complete."""
        ...

    def write(self, event: FramedEvent, data: bytes) -> bytes:
        """Returns the event with other data."""
        ...


class SseFraming:
    """Server-sent events."""

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def waiting_size(self) -> int:
        """Bytes of the event that is not complete."""
        return len(self._rest)

    def split(self, piece: bytes) -> Iterator[FramedEvent]:
        """Yields the events that are complete."""
        begun = len(self._rest)
        self._rest += piece
        if begun and not _ends_event(bytes(self._rest[max(0, begun - _EDGE) :])):
            return
        buffer, start = bytes(self._rest), 0
        for end in event_ends(buffer, max(0, begun - _EDGE)):
            yield read_event(buffer[start:end])
            start = end
        del self._rest[:start]

    def rest(self) -> FramedEvent | None:
        """Returns what has come of an event that is not complete."""
        rest = bytes(self._rest)
        self._rest.clear()
        return read_event(rest + b"\n\n")._replace(raw=rest) if rest else None

    def read(self, raw: bytes) -> FramedEvent | None:
        """Reads one event."""
        return read_event(raw)

    def write(self, event: FramedEvent, data: bytes) -> bytes:
        """Returns the event with other data, in one line. Its other lines stay."""
        others = [
            line
            for line in event.raw.splitlines()
            if line and not line.removeprefix(b"\xef\xbb\xbf").startswith(b"data:")
        ]
        return b"".join([line + b"\n" for line in (*others, b"data: " + data)]) + b"\n"


def read_event(raw: bytes) -> FramedEvent:
    """Reads one server-sent event."""
    return FramedEvent(raw, event_name(raw).decode("utf-8", "replace"), event_data(raw))


def _ends_event(text: bytes) -> bool:
    return next(iter(event_ends(text)), None) is not None
