"""Stage 3: take the request in, within its bounds, and read what routing needs of it."""

from penstock.gateway.call import Call
from penstock.gateway.errors import CallerGone
from penstock.gateway.limits import GatewayLimits
from penstock.kernel.errors import InvalidRequest, TooLarge
from penstock.rules.wire.openai.request import RequestHead, read_request


async def read(call: Call, limits: GatewayLimits) -> RequestHead:
    """`TooLarge` as soon as it is; `InvalidRequest` naming the place."""
    call.reading_since = call.entered
    try:
        call.body = await _read_body(call, limits.max_body_bytes)
    finally:
        call.reading_since = 0.0
        call.request_size = len(call.body)
    call.head = read_request(call.body)
    return call.head


async def _read_body(call: Call, max_bytes: int) -> bytes:
    """The declared length, where there is one, spares a last wait for the end of the body."""
    expected = _content_length(call)
    if expected > max_bytes:
        raise _too_large(max_bytes)
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await call.receive()
        if message["type"] == "http.disconnect":
            raise CallerGone("The caller hung up while it sent its request.")
        piece = message.get("body", b"")
        size += len(piece)
        if size > max_bytes:
            raise _too_large(max_bytes)
        pieces.append(piece)
        if size == expected or not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _content_length(call: Call) -> int:
    """-1 where none was declared."""
    declared = call.headers.get(b"content-length")
    if declared is None:
        return -1
    if not declared.isdigit():
        raise InvalidRequest("The Content-Length header is not a number.")
    return int(declared)


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        f"The request body is larger than {max_bytes} bytes.", hint="Send less at once."
    )
