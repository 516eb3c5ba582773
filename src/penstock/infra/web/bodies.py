"""Reads request bodies completely before the application runs, within limits of size, time and
memory.

A client that may not call at all is rejected before the body is read. The HTTP server does not know
clients or these limits.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock.infra.web.peers import peer_of
from penstock.infra.web.problems import problem_response
from penstock.kernel.errors import InvalidRequest, Overloaded, PenstockError, RateLimited, TooLarge

_LENGTH_DIGITS: Final = 18  # of a content-length; a longer number is above any limit
_ANY_LENGTH: Final = 10**_LENGTH_DIGITS
_RETRY_AFTER_S: Final = 1  # bodies stay in memory while their request runs


class BodyTimes(msgspec.Struct, frozen=True):
    """Time limits for the arrival of a body."""

    silence_s: float = 20.0
    """Seconds between two pieces of a body."""
    total_s: float = 120.0
    """Seconds from the first byte to the last."""


class BodyCapacity:
    """Limits the body bytes in memory for one group of clients; one peer may use half of them. Used
    within one event loop, so without a lock."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._by_peer: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """Returns the bytes in use."""
        return self._held

    def take(self, peer: str, size: int) -> None:
        """Takes `size` more bytes. Raises `Overloaded` if there is no capacity, `RateLimited` if
        the peer uses its half."""
        if self._by_peer[peer] + size > self._limit // 2:
            raise RateLimited(
                "Too many request bodies from this address at the same time.",
                hint="Send fewer requests at the same time.",
                code="too_many_bodies",
                retry_after_s=_RETRY_AFTER_S,
            )
        if self._held + size > self._limit:
            raise Overloaded(
                "The server has no memory for more request bodies.",
                hint="Try again.",
                code="too_many_bodies",
                retry_after_s=_RETRY_AFTER_S,
            )
        self._held += size
        self._by_peer[peer] += size

    def release(self, peer: str, size: int) -> None:
        """Returns bytes taken with `take`."""
        self._held -= size
        self._by_peer[peer] -= size
        if self._by_peer[peer] <= 0:
            del self._by_peer[peer]


@dataclass(frozen=True, slots=True)
class BodyAllowance:
    """The size limit of a body, and the capacity that its bytes are taken from."""

    limit: int
    capacity: BodyCapacity


class BodyAdmission(Protocol):
    """Decides by a request's head how large its body may be."""

    def first(self, scope: Scope) -> BodyAllowance:
        """Returns the allowance without authentication. Raises if the client may not call."""
        ...

    async def more(self, scope: Scope) -> BodyAllowance:
        """Returns the allowance of this client. Called once, if the body is larger than `first`
        allows. Raises if the client is not authenticated."""
        ...


class BodyLimit:
    """ASGI middleware: reads the body within the client's allowance, then runs the application."""

    def __init__(
        self, app: ASGIApp, admission: BodyAdmission, times: BodyTimes | None = None
    ) -> None:
        self._app = app
        self._admission = admission
        self._times = times or BodyTimes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held = _Held(peer_of(scope))
        try:
            body = await self._read(scope, receive, held)
            if body is not None:
                await self._app(scope, _replay(body, receive), send)
        except _Rejected as rejected:
            await problem_response(rejected.error)(scope, receive, send)
        finally:
            held.release()

    async def _read(self, scope: Scope, receive: Receive, held: "_Held") -> bytes | None:
        """Returns the whole body, or `None` if the client disconnected. Raises `_Rejected` if the
        client may not send it or it is too large."""
        try:
            held.move(self._admission.first(scope))
            stated = _stated_length(scope)
            if stated > held.limit:
                await self._widen(scope, held, stated)
            async with asyncio.timeout(self._times.total_s):
                return await self._collect(scope, receive, held)
        except TimeoutError as error:
            raise _Rejected(InvalidRequest("The request body did not arrive in time.")) from error
        except PenstockError as error:
            raise _Rejected(error) from error

    async def _collect(self, scope: Scope, receive: Receive, held: "_Held") -> bytes | None:
        body = bytearray()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._times.silence_s) as patience:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                piece = message.get("body", b"")
                size = len(body) + len(piece)
                if size > held.limit:
                    await self._widen(scope, held, size)
                held.take(len(piece))
                body += piece
                if not message.get("more_body", False):
                    return bytes(body)
                patience.reschedule(loop.time() + self._times.silence_s)

    async def _widen(self, scope: Scope, held: "_Held", size: int) -> None:
        held.move(await self._admission.more(scope))
        if size > held.limit:
            raise TooLarge(f"The request body is larger than {held.limit} bytes.")


class _Rejected(Exception):
    """Distinguishes errors of this module from those of the application."""

    def __init__(self, error: PenstockError) -> None:
        super().__init__()
        self.error = error


class _Held:
    """The bytes of one body that are in use, and their allowance."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._size = 0
        self._allowance: BodyAllowance | None = None

    @property
    def limit(self) -> int:
        return self._allowance.limit if self._allowance else 0

    def move(self, allowance: BodyAllowance) -> None:
        """Moves the bytes in use to another allowance."""
        size = self._size
        self.release()
        self._allowance = allowance
        self.take(size)

    def take(self, size: int) -> None:
        if self._allowance is not None and size:
            self._allowance.capacity.take(self._peer, size)
            self._size += size

    def release(self) -> None:
        if self._allowance is not None and self._size:
            self._allowance.capacity.release(self._peer, self._size)
        self._size = 0


def _stated_length(scope: Scope) -> int:
    """Returns `content-length`, 0 without; a very large number if it has too many digits."""
    stated = Headers(scope=scope).get("content-length", "")
    if not stated.isdecimal():
        return 0
    return int(stated) if len(stated) <= _LENGTH_DIGITS else _ANY_LENGTH


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
