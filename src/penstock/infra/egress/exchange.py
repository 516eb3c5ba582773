"""One request and its answer, for the reader of the answer: headers, pieces, end or failure.

Owns the buffer between the socket and the reader, with back-pressure. `connection.py` owns the
socket; `client.py` checks the deadlines.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol

import msgspec

from penstock.kernel.errors import PenstockError, UpstreamTimeout

HIGH_WATER: Final = 16 * 1024  # bytes waiting for the reader before the socket is paused
NEVER: Final = float("inf")


class UpstreamTimeLimits(msgspec.Struct, frozen=True):
    """Limits in seconds: to connect, to the first byte, between two pieces, in total, and to the
    first content (see `UpstreamExchange.note_content`)."""

    connect_s: float = 5.0
    first_byte_s: float = 120.0
    silence_s: float = 60.0
    total_s: float = 900.0
    first_content_s: float = NEVER


class ReadControl(Protocol):
    """The interface of a connection that an exchange uses."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def abort(self) -> None: ...


class UpstreamExchange:
    """The answer to one request while it is received. Read it to its end, or `abort` it."""

    __slots__ = (
        "_chunks",
        "_connection",
        "_error",
        "_limits",
        "_loop",
        "_paused",
        "_size",
        "_total",
        "_until",
        "_waiter",
        "complete",
        "deadline",
        "discarding",
        "headers",
        "over",
        "status",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, connection: ReadControl, limits: UpstreamTimeLimits
    ) -> None:
        self._loop = loop
        self._connection = connection
        self._limits = limits
        started = loop.time()
        self._chunks: list[bytes] = []
        self._size = 0
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._error: PenstockError | None = None
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = False
        self.discarding = False
        self.over = False  # complete, failed or aborted: no deadline applies any more
        self._total = started + limits.total_s
        self._until = self.deadline = min(self._total, started + limits.first_content_s)
        if started + limits.first_byte_s < self._until:
            self.deadline = started + limits.first_byte_s

    @property
    def ended(self) -> bool:
        """Returns whether all of the answer was read."""
        return self.complete and not self._chunks

    def header(self, wanted: bytes) -> bytes:
        """Returns the first value of a header (name in lower case); empty if it is missing."""
        for name, value in self.headers:
            if name == wanted:
                return value
        return b""

    # ---- called by the reader

    async def wait_for_headers(self) -> None:
        """Returns once `status` and `headers` are set. Raises the error of a failed exchange."""
        while not self.status:
            if self._error is not None:
                raise self._error
            await self._next_event()
        self.deadline = self._until

    async def read(self) -> bytes:
        """Returns the received bytes, at least one; `b""` at the end of the answer.

        Raises `UpstreamFailed` if the answer was cut off, `UpstreamTimeout` after a silence.
        """
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self.complete:
                return b""
            self.deadline = min(self._loop.time() + self._limits.silence_s, self._until)
            await self._next_event()
            self.deadline = self._until
        return self.take()

    def take(self) -> bytes:
        """Returns the received bytes that were not read yet, without waiting; may be empty."""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        self._resume()
        return data

    def give_back(self, data: bytes) -> None:
        """Makes the next read return these bytes again, before all others."""
        if data:
            self._chunks.insert(0, data)
            self._size += len(data)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.read():
            yield piece

    def note_content(self) -> None:
        """Lifts the limit to the first content: the reader has found some."""
        self._until = self._total

    def note_sent(self) -> None:
        """Restarts the time to the first byte: a part of the request was written."""
        if not self.status:
            self.deadline = min(self._loop.time() + self._limits.first_byte_s, self._until)

    def abort(self) -> None:
        """Abandons the answer. Unless it is complete, the connection is closed at once."""
        if not self.complete and not self.discarding:
            self.over = True
            self._chunks.clear()
            self._connection.abort()

    def discard(self, grace_s: float = 1.0) -> None:
        """Ignores the rest, but receives it for `grace_s`, so that the connection can be reused."""
        self._chunks.clear()
        if not self.complete:
            self.discarding = True
            self.deadline = self._loop.time() + grace_s
            self._resume()

    # ---- called by the connection

    def begin(self, status: int) -> None:
        self.status = status
        self._wake()

    def feed(self, data: bytes) -> None:
        if self.discarding:
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER and not self._paused:
            self._paused = True
            self._connection.pause()
        self._wake()

    def finish(self) -> None:
        self.complete = self.over = True
        self._resume()
        self._wake()

    def fail(self, error: PenstockError) -> None:
        if not self.complete and self._error is None:
            self._error = error
            self.over = True
            self._wake()

    def expire(self) -> None:
        """Fails with a timeout, because the deadline has passed, and closes the connection."""
        if not self.discarding:
            waited = "begin its answer" if not self.status else "continue its answer"
            self.fail(UpstreamTimeout(f"The provider did not {waited} in time."))
        self._connection.abort()

    # ---- internal

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._connection.resume()

    def _next_event(self) -> asyncio.Future[None]:
        """Returns a future that the next event of the connection completes."""
        self._waiter = self._loop.create_future()
        return self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
