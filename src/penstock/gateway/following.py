"""Answers that are only the begin: a provider starts its work, and says where the result will be.

The plugin reads each answer (`spi.chat.Follow`) and says what is asked for next. All of it is one
attempt, within its limit of time. If the attempt ends before its result is there, the provider's
work is ended, too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from penstock.gateway.cancellations import Cancellations
from penstock.gateway.gather import gather
from penstock.gateway.ports import ProviderExchange, UpstreamClient
from penstock.gateway.target import Target
from penstock.infra.egress.client import Origin
from penstock.infra.egress.exchange import UpstreamTimeLimits
from penstock.kernel.errors import InvalidRequest, UpstreamFailed, UpstreamTimeout
from penstock.spi.chat import Cancel, Follow, FollowUp
from penstock.spi.http import HttpRequest

MAX_FOLLOW_UPS: Final = 1000  # further requests of one attempt
MAX_FOLLOWED_BYTES: Final = 16 * 1024 * 1024  # of one answer that is read for its address
_REJECTED: Final = 300  # and above: the status of an answer that is none


@dataclass(frozen=True, slots=True)
class Following:
    """The further requests of one attempt."""

    egress: UpstreamClient
    cancellations: Cancellations
    target: Target
    limits: UpstreamTimeLimits

    async def __call__(
        self, exchange: ProviderExchange, origin: Origin, follow: Follow, cancel: Cancel | None
    ) -> ProviderExchange:
        """Returns the answer with the result, or the provider's error. Private addresses stay
        allowed at the first one's host and port only. Raises `UpstreamFailed`, `UpstreamTimeout`,
        `InvalidRequest`."""
        began = asyncio.get_running_loop().time()
        work = _Work(self.cancellations, self.target, cancel)
        try:
            result = await self._result(exchange, origin, follow, work, began)
        except BaseException:
            work.end()
            raise
        if result.status >= _REJECTED:
            work.end()
        return result

    async def _result(
        self,
        exchange: ProviderExchange,
        origin: Origin,
        follow: Follow,
        work: "_Work",
        began: float,
    ) -> ProviderExchange:
        for _ in range(MAX_FOLLOW_UPS):
            if exchange.status >= _REJECTED:
                return exchange
            body = await _whole(exchange)
            work.note(body)
            found = follow(body, self.target.redaction)
            if isinstance(found, bytes):
                exchange.give_back(found)
                return exchange
            await self._wait(found.delay_s, began)
            try:
                exchange = await self._open(found, origin, began)
            except InvalidRequest as error:  # the provider's address, and not the caller's request
                raise UpstreamFailed(
                    f"The provider names an address that is not valid: {error.message}",
                    code="upstream_malformed",
                ) from None
            if found.reframe is not None and exchange.status < _REJECTED:
                return ReframedExchange(exchange, found.reframe, work.end)
        raise _too_late()

    async def _wait(self, delay_s: float, began: float) -> None:
        if delay_s >= self._left_s(began):
            raise _too_late()
        if delay_s:
            await asyncio.sleep(delay_s)

    async def _open(self, found: FollowUp, first: Origin, began: float) -> ProviderExchange:
        origin = self.egress.origin(found.http.url)
        same = (origin.host, origin.port) == (first.host, first.port)
        spent = self.limits.total_s - self._left_s(began)
        limits = replace(
            self.limits,
            total_s=self.limits.total_s - spent,
            first_content_s=self.limits.first_content_s - spent,
        )
        allowed = same and self.target.entry.private_allowed
        return await self.egress.open(found.http, limits, private_allowed=allowed)

    def _left_s(self, began: float) -> float:
        return began + self.limits.total_s - asyncio.get_running_loop().time()


@dataclass(slots=True)
class _Work:
    """The provider's work for an attempt; it can be ended once."""

    cancellations: Cancellations
    target: Target
    cancel: Cancel | None
    ending: HttpRequest | None = None

    def note(self, state: bytes) -> None:
        self.ending = None if self.cancel is None else self.cancel(state)

    def end(self) -> None:
        if self.ending is not None:
            allowed = self.target.entry.private_allowed
            self.cancellations.begin(self.ending, private_allowed=allowed)
            self.ending = None


class ReframedExchange:
    """An answer whose pieces the plugin writes otherwise. `give_up` is called if it is aborted
    before its end. `gateway.ports.ProviderExchange`."""

    def __init__(
        self,
        exchange: ProviderExchange,
        reframe: Callable[[bytes], bytes],
        give_up: Callable[[], None],
    ) -> None:
        self._exchange = exchange
        self._reframe = reframe
        self._give_up = give_up
        self._returned = b""
        self._is_left = False  # the rest of it is of no interest
        self.status = exchange.status
        self.headers = exchange.headers
        self.header = exchange.header
        self.note_content = exchange.note_content

    def discard(self) -> None:
        """Ignores the rest: the result was read."""
        self._is_left = True
        self._exchange.discard()

    def abort(self) -> None:
        """Ends it, and the work behind it unless that is done."""
        if not self._is_left and not self.ended:
            self._give_up()
        self._exchange.abort()

    @property
    def complete(self) -> bool:
        """Returns whether there is nothing to wait for."""
        return self._exchange.complete

    @property
    def ended(self) -> bool:
        """Returns whether all of the answer was read."""
        return self._exchange.ended and not self._returned

    async def read(self) -> bytes:
        """Returns the next bytes, at least one; empty at the end."""
        if self._returned:
            return self.take()
        while piece := await self._exchange.read():
            if out := self._reframe(piece):
                return out
        return b""

    def take(self) -> bytes:
        """Returns what was received and not read yet; may be empty."""
        piece, self._returned = self._returned, b""
        return piece + self._reframe(self._exchange.take())

    def give_back(self, data: bytes) -> None:
        """Makes the next read return these bytes again, before all others."""
        self._returned = data + self._returned


async def _whole(exchange: ProviderExchange) -> bytes:
    try:
        body = await gather(exchange, MAX_FOLLOWED_BYTES)
        if not exchange.ended:
            raise UpstreamFailed(
                f"The provider's answer is larger than {MAX_FOLLOWED_BYTES} bytes.",
                code="upstream_malformed",
            )
    except BaseException:
        exchange.abort()
        raise
    return body


def _too_late() -> UpstreamTimeout:
    return UpstreamTimeout("The provider did not finish its work in time.")
