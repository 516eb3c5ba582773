"""The head of a response, and the framing of its body."""

from enum import Enum, auto
from http import HTTPStatus
from typing import Final

import msgspec

from penstock.infra.http_server.asgi import Headers

_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %b" % (status.value, status.phrase.encode("ascii"))
    for status in HTTPStatus
}
_CR, _LF = b"\r\n"
_OURS: Final = frozenset((b"content-length", b"connection", b"transfer-encoding", b"date"))


class ResponseFraming(Enum):
    """The way in which the client finds the end of the body."""

    NONE = auto()  # no body
    LENGTH = auto()
    CHUNKED = auto()
    CLOSE = auto()  # HTTP/1.0: by the end of the connection


# Names of this module: in Python 3.11 reading a member of an enumeration is slow.
NONE: Final = ResponseFraming.NONE
LENGTH: Final = ResponseFraming.LENGTH
CHUNKED: Final = ResponseFraming.CHUNKED
CLOSE: Final = ResponseFraming.CLOSE


class ResponsePlan(msgspec.Struct):
    """The header lines of the app without the fields that the server writes, and the chosen
    framing."""

    lines: list[bytes]
    length: int | None = None
    close: bool = False
    date: bytes = b""
    framing: ResponseFraming = NONE


def read_headers(headers: Headers) -> ResponsePlan:
    """Separates the fields that the server writes itself. Raises `ValueError` for a bad length."""
    lines: list[bytes] = []
    plan = ResponsePlan(lines)
    for name, value in headers:
        field = name.lower()
        if field not in _OURS:
            lines.append(b": ".join((field, value)))
        elif field == b"content-length":
            length = int(value)
            if length < 0 or plan.length not in {None, length}:
                raise ValueError("The app set two lengths, or a negative one.")
            plan.length = length
        elif field == b"connection":
            plan.close = plan.close or b"close" in value.lower()
        elif field == b"date":
            plan.date = value
    return plan


def frame(
    plan: ResponsePlan, *, status: int, method: str, minor_version: int, whole: int | None
) -> None:
    """Chooses the framing; `whole` is the size of the body if it is complete."""
    if status in {204, 304} or method == "HEAD":
        plan.framing = NONE
        if status == 204:
            plan.length = None
        elif plan.length is None and method == "HEAD":
            plan.length = whole or None
    elif plan.length is not None:
        plan.framing = LENGTH
    elif whole is not None:
        plan.framing, plan.length = LENGTH, whole
    elif minor_version:
        plan.framing = CHUNKED
    else:
        plan.framing, plan.close = CLOSE, True


def render(plan: ResponsePlan, *, status: int, minor_version: int, date: bytes) -> bytes:
    """Returns the bytes of the head. Raises `ValueError` if a header contains a line break."""
    lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status, *plan.lines]
    if plan.length is not None:
        lines.append(b"content-length: %d" % plan.length)
    elif plan.framing is CHUNKED:
        lines.append(b"transfer-encoding: chunked")
    lines.append(b"date: " + (plan.date or date))
    if plan.close:
        lines.append(b"connection: close")
    elif not minor_version:
        lines.append(b"connection: keep-alive")
    lines.append(b"\r\n")
    given = b"".join((*plan.lines, plan.date))
    if _CR in given or _LF in given or 0 in given:
        raise ValueError("A header of the app contains a line break.")
    return b"\r\n".join(lines)


def plain(status: int, reason: str, date: bytes, *, retry_after_s: int = 0) -> bytes:
    """Returns a whole response of the server itself, after which it closes the connection."""
    plan = ResponsePlan([b"content-type: text/plain; charset=utf-8"], close=True)
    if retry_after_s:
        plan.lines.append(b"retry-after: %d" % retry_after_s)
    body = reason.encode() + b"\n"
    plan.length = len(body)
    return render(plan, status=status, minor_version=1, date=date) + body
