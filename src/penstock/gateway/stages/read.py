"""Stage 3: receive the request body within its limits, and parse what routing needs."""

from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.call_limits import CallLimits
from penstock.gateway.errors import ClientDisconnected
from penstock.gateway.inflight import BODY_STEP, InFlight
from penstock.kernel.errors import InvalidRequest, TooLarge
from penstock.rules.formats.json_array import JsonArray
from penstock.rules.neutral.conversation import RequestHead

_SMALL: Final = 8192


async def read(call: Call, limits: CallLimits, inflight: InFlight) -> RequestHead:
    """Raises `TooLarge` as soon as the body exceeds its limit, `InvalidRequest` with the position
    of the error, and the errors of `InFlight.hold`."""
    call.reading_since = call.entered
    try:
        call.body = await read_body(call, limits.max_body_bytes, inflight)
    finally:
        call.reading_since = 0.0
        call.request_size = len(call.body)
    content_type = call.headers.get(b"content-type", b"")
    head = call.head = call.surface.read_head(call.path, call.query, call.body, content_type)
    if head.as_array:
        call.array = JsonArray()
    return head


async def read_body(call: Call, max_bytes: int, inflight: InFlight) -> bytes:
    """Returns the body of a call that is admitted. Raises as `read`. Stops at the declared length,
    which saves a last wait for the end of the body."""
    expected = content_length(call)
    if expected > max_bytes:
        raise _too_large(max_bytes)
    body: _Body | None = None
    size, counted = 0, BODY_STEP
    while True:
        message = await call.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected("The client disconnected while it sent its request.")
        piece = message.get("body", b"")
        size += len(piece)
        if size > max_bytes:
            raise _too_large(max_bytes)
        if size > counted:
            counted = inflight.hold(call, size)
        last = size == expected or not message.get("more_body", False)
        if last and body is None:  # most bodies arrive in one piece
            return piece
        body = body or _Body()
        body.add(piece)
        if last:
            return body.whole()


class _Body:
    """Collects the pieces of a body. Joins small ones at once: each separate object would take many
    times its size."""

    __slots__ = ("_pieces", "_small")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._small = bytearray()

    def add(self, piece: bytes) -> None:
        if not self._small and (len(piece) >= _SMALL or not self._pieces):
            self._pieces.append(piece)
            return
        self._small += piece
        if len(self._small) >= BODY_STEP:
            self._flush()

    def whole(self) -> bytes:
        if self._small:
            self._flush()
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def _flush(self) -> None:
        self._pieces.append(bytes(self._small))
        self._small.clear()


def content_length(call: Call) -> int:
    """Returns the declared length; -1 without one. Raises `InvalidRequest`."""
    declared = call.headers.get(b"content-length")
    if declared is None:
        return -1
    if not declared.isdigit():
        raise InvalidRequest("The Content-Length header is not a number.")
    return int(declared)


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        f"The request body is larger than {max_bytes} bytes.", hint="Send a smaller request."
    )
