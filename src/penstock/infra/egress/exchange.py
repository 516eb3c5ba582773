"""One request and its answer, as the reader of the answer sees it: head, pieces, end or failure.

Owns the buffer between the socket and the reader, with back-pressure. The socket is
`connection.py`'s; when time is up is `client.py`'s.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, NamedTuple, Protocol

from penstock.kernel.errors import PenstockError, UpstreamTimeout

HIGH_WATER: Final = 16 * 1024  # bytes waiting for the reader before the socket is paused
NEVER: Final = float("inf")


class UpstreamTimeLimits(NamedTuple):
    """Seconds a provider may take: to accept, to begin its answer, between pieces, in all."""

    connect_s: float = 5.0
    first_byte_s: float = 120.0
    silence_s: float = 60.0
    total_s: float = 900.0


class ReadControl(Protocol):
    """What an exchange may ask of its connection."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def abort(self) -> None: ...


class UpstreamExchange:
    """The answer to one request while it arrives. Read it to its end, or `abort` it."""

    __slots__ = (
        "_chunks",
        "_connection",
        "_error",
        "_limits",
        "_loop",
        "_paused",
        "_size",
        "_started",
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
        self._started = loop.time()
        self._chunks: list[bytes] = []
        self._size = 0
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._error: PenstockError | None = None
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = False
        self.discarding = False
        self.over = False  # complete, failed or given up: nothing is to be watched any more
        self.deadline = self._started + min(limits.first_byte_s, limits.total_s)

    @property
    def ended(self) -> bool:
        """Whether `read` has nothing more to give."""
        return self.complete and not self._chunks

    def header(self, wanted: bytes) -> bytes:
        """The first value of a header, its name in lower case; empty if there is none."""
        for name, value in self.headers:
            if name == wanted:
                return value
        return b""

    # ---- the reader's side

    async def wait_for_headers(self) -> None:
        """Returns once `status` and `headers` stand."""
        while not self.status:
            if self._error is not None:
                raise self._error
            await self._wait()
        self.deadline = self._started + self._limits.total_s

    async def read(self) -> bytes:
        """What has arrived, at least one byte; `b""` at the end of the answer.

        `UpstreamFailed` when it was cut off, `UpstreamTimeout` when it fell silent.
        """
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self.complete:
                return b""
            total = self._started + self._limits.total_s
            self.deadline = min(self._loop.time() + self._limits.silence_s, total)
            await self._wait()
            self.deadline = total
        return self.take()

    def take(self) -> bytes:
        """What has arrived and was not read yet, without waiting; may be empty."""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        self._resume()
        return data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.read():
            yield piece

    def abort(self) -> None:
        """Give the answer up: unless it is complete, the connection is torn down at once."""
        if not self.complete and not self.discarding:
            self.over = True
            self._chunks.clear()
            self._connection.abort()

    def discard(self, grace_s: float = 1.0) -> None:
        """The rest does not matter: let it arrive for a moment, so that the connection lives on."""
        self._chunks.clear()
        if not self.complete:
            self.discarding = True
            self.deadline = self._loop.time() + grace_s
            self._resume()

    # ---- the connection's side

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
        """The deadline has passed: fail with what was waited for, and hang up."""
        if not self.discarding:
            waited = "begin its answer" if not self.status else "go on with its answer"
            self.fail(UpstreamTimeout(f"The provider did not {waited} in time."))
        self._connection.abort()

    # ---- inside

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._connection.resume()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
