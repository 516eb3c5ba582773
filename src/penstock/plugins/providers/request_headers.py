"""The headers that a request to any provider has."""

from typing import Final

Headers = tuple[tuple[bytes, bytes], ...]

JSON: Final = (b"content-type", b"application/json")
READABLE: Final[Headers] = (
    (b"accept", b"application/json, text/event-stream"),
    (b"accept-encoding", b"identity"),  # the gateway reads what it passes on
    (b"user-agent", b"penstock"),
)


def with_passed(own: Headers, passed: Headers) -> Headers:
    """Adds the caller's headers to our own. The caller's win, so that none goes out twice."""
    names = {name for name, _ in passed}
    return (*(header for header in own if header[0] not in names), *passed)
