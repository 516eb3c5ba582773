"""Request bodies: read whole before the application runs, within limits of size, time and memory.

Who may not call at all is refused before the first byte of the body is read. The HTTP server below
knows neither callers nor limits of this kind.
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

_LENGTH_DIGITS: Final = 18  # of a content-length; more are more than any limit
_ANY_LENGTH: Final = 10**_LENGTH_DIGITS
_RETRY_AFTER_S: Final = 1  # bodies stay in memory for about as long as their request takes


class BodyTimes(msgspec.Struct, frozen=True):
    """How long a body may take to arrive."""

    silence_s: float = 20.0
    """Seconds between two pieces of a body."""
    total_s: float = 120.0
    """Seconds from the first byte to the last."""


class BodyCapacity:
    """Body bytes that the process holds at a time for one group of callers; one peer gets at most
    half of them. Used within one event loop, so without a lock."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._by_peer: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """Bytes held now."""
        return self._held

    def take(self, peer: str, size: int) -> None:
        """Books `size` more bytes. `Overloaded` when there is no room, `RateLimited` when the
        peer has its half."""
        if self._by_peer[peer] + size > self._limit // 2:
            raise RateLimited(
                "Too many request bodies from this address at a time.",
                hint="Send fewer at a time.",
                code="too_many_bodies",
                retry_after_s=_RETRY_AFTER_S,
            )
        if self._held + size > self._limit:
            raise Overloaded(
                "The server holds as many request bodies as it may.",
                hint="Try again.",
                code="too_many_bodies",
                retry_after_s=_RETRY_AFTER_S,
            )
        self._held += size
        self._by_peer[peer] += size

    def release(self, peer: str, size: int) -> None:
        """The inverse of `take`."""
        self._held -= size
        self._by_peer[peer] -= size
        if self._by_peer[peer] <= 0:
            del self._by_peer[peer]


@dataclass(frozen=True, slots=True)
class BodyAllowance:
    """How many bytes a body may have, and where they are booked."""

    limit: int
    capacity: BodyCapacity


class BodyAdmission(Protocol):
    """Judges by a request's head how large its body may be."""

    def first(self, scope: Scope) -> BodyAllowance:
        """What anybody may send here. Raises where this caller may not call at all."""
        ...

    async def more(self, scope: Scope) -> BodyAllowance:
        """What this caller may send; asked once, when the body turns out to be larger than
        `first` allows. Raises where the caller is nobody known."""
        ...


class BodyLimit:
    """ASGI middleware: reads the body, within the caller's allowance, then runs the application."""

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
        except _Refused as refused:
            await problem_response(refused.error)(scope, receive, send)
        finally:
            held.release()

    async def _read(self, scope: Scope, receive: Receive, held: "_Held") -> bytes | None:
        """The whole body; `None` when the caller went away. `_Refused` for whoever may not send
        it, and for what does not fit."""
        try:
            held.move(self._admission.first(scope))
            stated = _stated_length(scope)
            if stated > held.limit:
                await self._widen(scope, held, stated)
            async with asyncio.timeout(self._times.total_s):
                return await self._collect(scope, receive, held)
        except TimeoutError as error:
            raise _Refused(InvalidRequest("The request body did not arrive in time.")) from error
        except PenstockError as error:
            raise _Refused(error) from error

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


class _Refused(Exception):
    """Tells what is refused here from what the application raises."""

    def __init__(self, error: PenstockError) -> None:
        super().__init__()
        self.error = error


class _Held:
    """The bytes of one body that are booked, and where."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._size = 0
        self._allowance: BodyAllowance | None = None

    @property
    def limit(self) -> int:
        return self._allowance.limit if self._allowance else 0

    def move(self, allowance: BodyAllowance) -> None:
        """Books what is held in another room."""
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
    """`content-length`, 0 without; very large where it has more digits than any length."""
    stated = Headers(scope=scope).get("content-length", "")
    if not stated.isdecimal():
        return 0
    return int(stated) if len(stated) <= _LENGTH_DIGITS else _ANY_LENGTH


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
