"""Decoders for the body of a request."""

import re
from enum import Enum, auto
from typing import Final, Protocol

import msgspec

from penstock.infra.http_server.head import CHUNKED, RequestRejected
from penstock.infra.http_server.limits import HttpLimits

_SIZE_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})(;[\t\x20-\x7e\x80-\xff]*+)?\r\n")
_TRAILER: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+\r\n")


class BodyReader(Protocol):
    """Decodes one body; `done` once it is complete."""

    done: bool

    def feed(self, data: bytes) -> tuple[bytes, int]:
        """Returns the content in `data`, and how many of its bytes belong to this body.

        Raises `RequestRejected` if the framing is invalid.
        """
        ...

    def left(self) -> int | None:
        """Returns the number of missing bytes; `None` if it is unknown."""
        ...


def body_of(length: int, limits: HttpLimits) -> BodyReader:
    """Returns the reader for a body of this length."""
    return ChunkedBody(limits) if length == CHUNKED else SizedBody(length, length == 0)


class SizedBody(msgspec.Struct):
    """A body with a Content-Length, of which `missing` bytes have not arrived."""

    missing: int
    done: bool

    def feed(self, data: bytes) -> tuple[bytes, int]:
        piece = data if len(data) <= self.missing else data[: self.missing]
        self.missing -= len(piece)
        self.done = self.missing == 0
        return piece, len(piece)

    def left(self) -> int | None:
        return self.missing


class _Next(Enum):
    SIZE = auto()
    CONTENT = auto()
    LINE_END = auto()
    TRAILER = auto()


class ChunkedBody:
    """A chunked body. Extensions and trailers are checked, counted and discarded."""

    __slots__ = (
        "_extension_left",
        "_left",
        "_limits",
        "_line",
        "_next",
        "_trailer_left",
        "done",
    )

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._next = _Next.SIZE
        self._line = b""
        self._left = 0
        self._extension_left = limits.chunk_extension_bytes
        self._trailer_left = limits.trailer_bytes
        self.done = False

    def left(self) -> int | None:
        return None

    def feed(self, data: bytes) -> tuple[bytes, int]:
        at, size = 0, len(data)
        pieces: list[bytes] = []
        while at < size and not self.done:
            if self._next is _Next.CONTENT:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._next = _Next.LINE_END
            else:
                at = self._take_line(data, at)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces), at

    def _take_line(self, data: bytes, at: int) -> int:
        """Reads up to the end of a line and processes it when it is complete."""
        end = data.find(b"\n", at) + 1
        stop = end or len(data)
        if len(self._line) + stop - at > self._longest():
            raise RequestRejected(400, "A line of the chunked body is too long.")
        line = self._line + data[at:stop]
        if not end:
            self._line = line
            return stop
        self._line = b""
        if self._next is _Next.SIZE:
            self._start_chunk(line)
        elif self._next is _Next.LINE_END:
            if line != b"\r\n":
                raise RequestRejected(400, "A chunk is longer than its size says.")
            self._next = _Next.SIZE
        else:
            self._take_trailer(line)
        return stop

    def _longest(self) -> int:
        match self._next:
            case _Next.SIZE:
                return self._limits.chunk_line_bytes
            case _Next.LINE_END:
                return 2
            case _:
                return self._trailer_left + 2

    def _start_chunk(self, line: bytes) -> None:
        found = _SIZE_LINE.fullmatch(line)
        if found is None:
            raise RequestRejected(400, "The size of a chunk is malformed.")
        self._extension_left -= len(found[2] or b"")
        if self._extension_left < 0:
            raise RequestRejected(400, "The chunk extensions are too large.")
        self._left = int(found[1], 16)
        self._next = _Next.CONTENT if self._left else _Next.TRAILER

    def _take_trailer(self, line: bytes) -> None:
        if line == b"\r\n":
            self.done = True
            return
        if not _TRAILER.fullmatch(line):
            raise RequestRejected(400, "A trailer field is malformed.")
        self._trailer_left -= len(line)
