"""Sends answers to the caller: whole, in pieces, or an error in the surface's format."""

import asyncio
import re
from collections.abc import Sequence
from typing import Final

from penstock.gateway.call import Call, Message
from penstock.gateway.ports import ProviderResponse
from penstock.kernel.errors import PenstockError
from penstock.rules.neutral.translation import Change
from penstock.rules.redaction import Redaction
from penstock.rules.scores.answer_token import (
    ANSWER_HEADER,
    REQUEST_HEADER,
    AnswerToken,
    life_s,
    sign_answer,
)

ReplyHeaders = list[tuple[bytes, bytes]]

PIECE_BYTES: Final = 8 * 1024  # the server queues a few of them for a client that does not read
QUEUED_BYTES: Final = 128 * 1024  # of a whole answer that the server queues
JSON: Final = (b"content-type", b"application/json")
_EVENT_STREAM: Final = (b"content-type", b"text/event-stream; charset=utf-8")
_UNBUFFERED: Final = ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"))
MAX_PASSED_HEADERS: Final = 32  # of a provider; common clients reject answers with 100 headers
MAX_PASSED_BYTES: Final = 256  # of one such value; longer ones are dropped
MAX_CHANGES_CHARS: Final = 1024  # of the header that names what a translation changed
_PASSED: Final = frozenset(
    (b"x-request-id", b"request-id", b"openai-version", b"x-amzn-requestid", b"x-amzn-errortype")
)
_PASSED_FAMILY: Final = (b"x-ratelimit-", b"openai-processing-", b"anthropic-ratelimit-")
_PASSED_INITIALS: Final = frozenset((b"x", b"o", b"r", b"a"))
_READ_BY_PAGES: Final = b", ".join(
    (
        *(b"x-penstock-trace-id", b"x-penstock-cache", b"x-penstock-translation"),
        *(b"x-penstock-guardrails", b"retry-after", b"x-should-retry", ANSWER_HEADER),
        *(
            b"x-ratelimit-" + what + of
            for what in (b"limit", b"remaining", b"reset")
            for of in (b"-requests", b"-tokens")
        ),
    )
)
_TYPE: Final = re.compile(rb"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:; ?[\w-]+=[\w\"'.:-]+){0,3}")
_BINARY: Final = b"application/octet-stream"
_VALUE: Final = re.compile(rb"[ -~]{0,%d}" % MAX_PASSED_BYTES)


def provider_headers(exchange: ProviderResponse, redaction: Redaction) -> ReplyHeaders:
    """The provider's headers that pass on to the caller: a fixed list, none with our credential.

    The content type is always ours.
    """
    passed: ReplyHeaders = []
    for header in exchange.headers:
        name, value = header
        if name[:1] in _PASSED_INITIALS and (name in _PASSED or name.startswith(_PASSED_FAMILY)):
            clean = _VALUE.fullmatch(value) and len(name) <= MAX_PASSED_BYTES
            if clean and not redaction.found_in(name + b" " + value):
                passed.append(header)
    return passed[:MAX_PASSED_HEADERS]


def file_headers(exchange: ProviderResponse) -> ReplyHeaders:
    """The headers of a body that passes as it is, of any type."""
    kind = exchange.header(b"content-type")
    return [(b"content-type", known_type(kind)), (b"x-content-type-options", b"nosniff")]


def known_type(kind: bytes) -> bytes:
    """Returns a content type, or that of bytes in place of an odd one."""
    return kind if _TYPE.fullmatch(kind) else _BINARY


async def start(call: Call, status: int, headers: ReplyHeaders) -> None:
    """Sends status and headers."""
    await call.send(_start_message(call, status, headers))


def _start_message(call: Call, status: int, headers: ReplyHeaders) -> Message:
    """Adds our headers; every answer has the trace id."""
    call.reply_started = True
    headers.append((b"x-penstock-trace-id", call.trace_id.encode()))
    if call.cache is not None:
        headers.append((b"x-penstock-cache", b"hit" if call.cache.found else b"miss"))
    if call.attempts and (changes := call.attempts[-1].changes):
        headers.append((b"x-penstock-translation", _changes_header(changes)))
    if call.guard is not None and (found := call.guard.results.header()):
        headers.append((b"x-penstock-guardrails", found))
    if status < 400 and (wanted := call.headers.get(REQUEST_HEADER)) is not None:
        headers += _answer_token(call, wanted)
    if call.origin:
        headers += _for_web_page(call.origin)
    if call.limit_headers:
        headers = _with_limits(headers, call.limit_headers)
    return {"type": "http.response.start", "status": status, "headers": headers}


def _answer_token(call: Call, wanted: bytes) -> ReplyHeaders:
    """The token for feedback on this answer."""
    if call.snapshot is None or call.key_context is None:
        return []
    expires_s = call.start_ns // 1_000_000_000 + life_s(wanted)
    token = AnswerToken(call.key_context.project_id, call.trace_id, call.span_id, expires_s)
    return [(ANSWER_HEADER, sign_answer(token, call.snapshot.answer_secret))]


def _for_web_page(origin: bytes) -> ReplyHeaders:
    """The headers with which a browser lets a web page read the answer."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _READ_BY_PAGES),
        (b"vary", b"origin"),
    ]


def _with_limits(headers: ReplyHeaders, ours: Sequence[tuple[bytes, bytes]]) -> ReplyHeaders:
    """Adds the headers of our limits; they replace those of the provider's limits."""
    names = [name for name, _ in ours]
    return [*[header for header in headers if header[0] not in names], *ours]


def _changes_header(changes: Sequence[Change]) -> bytes:
    """`dropped=seed, changed=reasoning.budget`."""
    text = ", ".join([f"{change.kind.value}={change.field}" for change in changes])
    return text[:MAX_CHANGES_CHARS].encode("ascii", "replace")


async def send_piece(call: Call, piece: bytes, *, more: bool) -> None:
    """Sends a piece of the body. Waits while the client does not read."""
    call.sending_since = asyncio.get_running_loop().time()
    await call.send({"type": "http.response.body", "body": piece, "more_body": more})
    call.sending_since = 0.0


async def send_large(call: Call, piece: bytes) -> None:
    """Sends a piece of any size in portions. The body continues after it."""
    for at in range(0, len(piece), PIECE_BYTES):
        await send_piece(call, piece[at : at + PIECE_BYTES], more=True)


def stream_headers(call: Call) -> ReplyHeaders:
    """The headers of a stream, as server-sent events or as a JSON array."""
    return [_EVENT_STREAM if call.array is None else JSON, *_UNBUFFERED]


async def send_events(call: Call, events: bytes) -> None:
    """Sends whole events of a stream that goes on."""
    piece = events if call.array is None else call.array.add(events)
    if piece:
        await send_piece(call, piece, more=True)


async def send_last_event(call: Call, event: bytes, *, failed: bool = False) -> None:
    """Sends the terminal event. If the stream has `failed`, its body remains unfinished."""
    piece = event if call.array is None else call.array.end(event)
    await send_piece(call, piece, more=failed)


async def keep_alive(call: Call) -> None:
    """Sends a comment to a stream that waits for its first event, after status and headers if they
    have not gone out. Proxies cut connections that are silent for long."""
    call.streaming = True
    if not call.reply_started:
        call.http_status = 200
        await start(call, 200, stream_headers(call))
    if call.keep_alive is not None:  # the answer has not begun meanwhile
        await send_piece(call, call.surface.keep_alive, more=True)


async def send_whole(call: Call, status: int, headers: ReplyHeaders, body: bytes) -> None:
    """Sends a whole answer. The server queues a small one, so this does not wait for the client; a
    large one counts as memory of the call until the client has read it."""
    if len(body) <= QUEUED_BYTES:
        await call.send(_start_message(call, status, headers))
        await call.send({"type": "http.response.body", "body": body, "more_body": False})
        return
    headers.append((b"content-length", b"%d" % len(body)))
    await start(call, status, headers)
    for at in range(0, len(body), PIECE_BYTES):
        last = at + PIECE_BYTES >= len(body)
        await send_piece(call, body[at : at + PIECE_BYTES], more=not last)


async def send_error(call: Call, error: PenstockError) -> None:
    """Sends the error in the surface's format."""
    headers: ReplyHeaders = [JSON]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after_s))
    await send_whole(call, error.status, headers, call.surface.render_error(error))
