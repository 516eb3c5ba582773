"""The head of a request: parsed strictly, or rejected.

Strict, so that a proxy in front cannot read other requests from the same bytes (smuggling): one
spelling of each length, no bare CR or LF, no folding, one Host.
"""

import re
from typing import Final
from urllib.parse import unquote

import msgspec

from penstock.infra.http_server.asgi import Headers
from penstock.infra.http_server.limits import HttpLimits

CHUNKED: Final = -1

# Some clients send an empty line after a body: one is allowed before a request.
_REQUEST_LINE: Final = re.compile(
    rb"(?:\r\n)?([A-Z]{1,24}) ([\x21\x22\x24-\x7e]+) HTTP/1\.([01])\r\n"
)
_OTHER_VERSION: Final = re.compile(rb"(?:\r\n)?[A-Z]{1,24} [\x21-\x7e]+ HTTP/[0-9]\.[0-9]\r\n")
# Matches a whole line after a line end. If there are as many matches as lines, all lines are valid.
# Possessive quantifiers: no backtracking.
_FIELD: Final = re.compile(
    rb"(?<=\n)([!#$%&'*+\-.^_`|~0-9A-Za-z]++):([\t\x20-\x7e\x80-\xff]*+)\r\n"
)
_ABSOLUTE: Final = re.compile(rb"https?://([^/?]+)(.*)", re.IGNORECASE)
_HOST: Final = re.compile(rb"[A-Za-z0-9\-._~%@!$&'()*+,;=:\[\]]*")
_LENGTH_DIGITS: Final = 18
_INTERPRETED: Final = frozenset(
    (b"host", b"content-length", b"transfer-encoding", b"connection", b"expect")
)


class RequestRejected(Exception):
    """The request is rejected with this status and reason, and the connection is closed."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class HttpRequestHead(msgspec.Struct, frozen=True):
    """`length` is that of the body, or `CHUNKED`. `raw_path` is as sent, `path` is decoded."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    minor_version: int
    headers: Headers
    length: int
    keep_alive: bool
    expects_continue: bool


def find_end(data: bytes | bytearray, scanned: int, limits: HttpLimits) -> int:
    """Returns the position of the empty line after the head; -1 if it has not arrived yet.

    The first `scanned` bytes were searched before. Raises `RequestRejected` for a bare LF or a head
    that is too large, at the same byte however the head is split into packets. The lines of a whole
    head are checked by `parse_head`.
    """
    end = data.find(b"\r\n\r\n", scanned - 3 if scanned > 3 else 0, limits.head_bytes + 4)
    if end >= 0:
        return end
    stop, seen = min(len(data), limits.head_bytes), min(scanned, limits.head_bytes)
    if data.count(b"\n", seen, stop) != data.count(b"\r\n", max(0, seen - 1), stop):
        raise _bare_line_end()
    if len(data) >= limits.head_bytes + 4:
        raise RequestRejected(431, "The head of the request is too large.")
    return end


def parse_head(raw: bytes, limits: HttpLimits) -> HttpRequestHead:
    """Parses a head, up to the end of its last line. Raises `RequestRejected` if it is invalid."""
    line = _REQUEST_LINE.match(raw)
    if line is None:
        raise _bad_line(raw)
    start = line.end()
    fields = _FIELD.findall(raw, start)
    if len(fields) != raw.count(b"\n", start):
        raise _bad_field(raw)
    _require_small(start, len(raw), fields, limits)
    headers: Headers = [(name.lower(), value.strip()) for name, value in fields]
    method, target, minor = line.groups()
    interpreted = _interpreted(headers)
    host = interpreted.get(b"host")
    if host is None and minor == b"1":
        raise RequestRejected(400, "The Host header is missing.")
    if host is not None and not _HOST.fullmatch(host):
        raise RequestRejected(400, "The Host header is malformed.")
    connection = interpreted.get(b"connection", b"").lower()
    raw_path, _, query = _origin(method, target, host).partition(b"?")
    path = raw_path.decode()
    return HttpRequestHead(  # by position: names take four times as long
        method.decode(),
        unquote(path) if "%" in path else path,
        raw_path,
        query,
        minor[0] - 48,
        headers,
        _length(interpreted, minor),
        _keep_alive(connection, minor) if connection else minor == b"1",
        b"expect" in interpreted and _expects_continue(interpreted[b"expect"], minor),
    )


def _bare_line_end() -> RequestRejected:
    return RequestRejected(400, "A line of the head does not end with CR LF.")


def _bad_field(raw: bytes) -> RequestRejected:
    if raw.count(b"\n") != raw.count(b"\r\n"):
        return _bare_line_end()
    return RequestRejected(400, "A header field is malformed.")


def _bad_line(raw: bytes) -> RequestRejected:
    if raw.count(b"\n") != raw.count(b"\r\n"):
        return _bare_line_end()
    other = _OTHER_VERSION.match(raw)
    if other is not None and b" HTTP/1." not in other[0]:
        return RequestRejected(505, "Only HTTP/1.1 and HTTP/1.0 are supported.")
    return RequestRejected(400, "The request line is malformed.")


def _require_small(
    line: int, total: int, fields: list[tuple[bytes, bytes]], limits: HttpLimits
) -> None:
    if line > limits.request_line_bytes:
        raise RequestRejected(414, "The request line is too long.")
    if len(fields) > limits.header_count:
        raise RequestRejected(431, "There are too many header fields.")
    if total > limits.header_bytes and any(
        len(name) + len(value) > limits.header_bytes for name, value in fields
    ):
        raise RequestRejected(431, "A header field is too large.")


def _interpreted(headers: Headers) -> dict[bytes, bytes]:
    """Returns at least the header fields that the server interprets. Raises `RequestRejected` if
    one that must be unique occurs twice."""
    found = dict(headers)
    if len(found) == len(headers):
        return found
    found.clear()
    for name, value in headers:
        if name not in _INTERPRETED:
            continue
        if name in found and name != b"connection":
            raise RequestRejected(400, f"There are two {name.decode('ascii')} headers.")
        found[name] = found[name] + b"," + value if name in found else value
    return found


def _length(interpreted: dict[bytes, bytes], minor: bytes) -> int:
    coding = interpreted.get(b"transfer-encoding")
    length = interpreted.get(b"content-length")
    if coding is not None:
        if length is not None:
            raise RequestRejected(400, "Content-Length and Transfer-Encoding exclude each other.")
        if minor == b"0" or coding.lower() != b"chunked":
            raise RequestRejected(
                400, "The only supported Transfer-Encoding is chunked, in HTTP/1.1."
            )
        return CHUNKED
    if length is None:
        return 0
    if len(length) > _LENGTH_DIGITS or not length.isdigit():
        raise RequestRejected(400, "The Content-Length is not a number.")
    return int(length)


def _keep_alive(connection: bytes, minor: bytes) -> bool:
    tokens = [token.strip() for token in connection.split(b",")]
    return b"close" not in tokens and (minor == b"1" or b"keep-alive" in tokens)


def _expects_continue(expect: bytes, minor: bytes) -> bool:
    if expect.lower() != b"100-continue":
        raise RequestRejected(417, "The only supported expectation is 100-continue.")
    return minor == b"1"


def _origin(method: bytes, target: bytes, host: bytes | None) -> bytes:
    """Returns path and query of a request target in any of its forms."""
    if target[:1] == b"/" and method != b"CONNECT":
        return target
    if target == b"*" and method == b"OPTIONS":
        return target
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or method == b"CONNECT":
        raise RequestRejected(400, "The target of the request is malformed.")
    authority, rest = absolute.groups()
    if host is not None and authority.lower() != host.lower():
        raise RequestRejected(400, "The target and the Host header name different hosts.")
    return rest if rest.startswith(b"/") else b"/" + rest
