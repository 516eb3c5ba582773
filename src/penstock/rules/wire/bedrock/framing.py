"""Splits a stream of Bedrock into events whose data can be written again."""

from collections.abc import Iterator

from penstock.rules.formats.sse_framing import FramedEvent
from penstock.rules.wire.bedrock.event_stream import EventStreamReader, with_payload


class BedrockFraming:
    """`rules.formats.sse_framing.EventFraming`."""

    def __init__(self) -> None:
        self._messages = EventStreamReader()

    @property
    def waiting_size(self) -> int:
        """Bytes of the event that is not complete."""
        return len(self._messages.rest)

    def split(self, piece: bytes) -> Iterator[FramedEvent]:
        """Yields the events that are complete. Raises `UpstreamFailed` for damaged ones."""
        for message in self._messages.feed(piece):
            kind = message.headers.get(":event-type", "")
            yield FramedEvent(message.raw, kind, message.payload)

    def rest(self) -> FramedEvent | None:
        """Returns what has come of an event that is not complete."""
        rest = self._messages.rest
        return FramedEvent(rest, "", None) if rest else None

    def read(self, raw: bytes) -> FramedEvent | None:  # noqa: ARG002 - it has checksums
        """Returns nothing: an event has checksums of its data."""
        return None

    def write(self, event: FramedEvent, data: bytes) -> bytes:
        """Returns the event with other data."""
        return with_payload(event.raw, data)
