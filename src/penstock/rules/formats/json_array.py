"""A stream as one JSON array: each server-sent event becomes an element."""

from penstock.rules.formats.sse import event_data, event_ends


class JsonArray:
    """Writes the data of events, which are JSON, as the elements of one array."""

    def __init__(self) -> None:
        self._next = b"["

    def add(self, events: bytes) -> bytes:
        """Returns the elements for whole events. Comments and events without data add none."""
        written: list[bytes] = []
        start = 0
        for end in event_ends(events):
            data = event_data(events[start:end])
            start = end
            if data and not data.isspace():
                written += (self._next, data)
                self._next = b",\r\n"
        return b"".join(written)

    def end(self, events: bytes) -> bytes:
        """The same for the last events, and the end of the array."""
        last = self.add(events)
        return (last or b"[") + b"]" if self._next == b"[" else last + b"]"
