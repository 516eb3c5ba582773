"""Answers that are only the begin: a provider starts its work, and says where the result will be.

The plugin reads each answer (`spi.chat.Follow`) and says what is asked for next. All of it is one
attempt, within its limit of time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from penstock.gateway.gather import gather
from penstock.gateway.ports import ProviderExchange, UpstreamClient
from penstock.gateway.target import Target
from penstock.infra.egress.client import Origin
from penstock.infra.egress.exchange import UpstreamTimeLimits
from penstock.kernel.errors import InvalidRequest, UpstreamFailed, UpstreamTimeout
from penstock.spi.chat import Follow, FollowUp

MAX_FOLLOW_UPS: Final = 1000  # further requests of one attempt
MAX_FOLLOWED_BYTES: Final = 16 * 1024 * 1024  # of one answer that is read for its address
_REJECTED: Final = 300  # and above: the status of an answer that is none


@dataclass(frozen=True, slots=True)
class Following:
    """The further requests of one attempt."""

    egress: UpstreamClient
    target: Target
    limits: UpstreamTimeLimits

    async def __call__(
        self, exchange: ProviderExchange, origin: Origin, follow: Follow
    ) -> ProviderExchange:
        """Returns the answer with the result, or the provider's error. Private addresses stay
        allowed at the first one's host and port only. Raises `UpstreamFailed`, `UpstreamTimeout`,
        `InvalidRequest`."""
        began = asyncio.get_running_loop().time()
        for _ in range(MAX_FOLLOW_UPS):
            if exchange.status >= _REJECTED:
                return exchange
            found = follow(await _whole(exchange), self.target.redaction)
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
                return ReframedExchange(exchange, found.reframe)
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
        limits = self.limits._replace(
            total_s=self.limits.total_s - spent,
            first_content_s=self.limits.first_content_s - spent,
        )
        allowed = same and self.target.entry.private_allowed
        return await self.egress.open(found.http, limits, private_allowed=allowed)

    def _left_s(self, began: float) -> float:
        return began + self.limits.total_s - asyncio.get_running_loop().time()


class ReframedExchange:
    """An answer whose pieces the plugin writes otherwise. `gateway.ports.ProviderExchange`."""

    def __init__(self, exchange: ProviderExchange, reframe: Callable[[bytes], bytes]) -> None:
        self._exchange = exchange
        self._reframe = reframe
        self._returned = b""
        self.status = exchange.status
        self.headers = exchange.headers
        self.header = exchange.header
        self.note_content = exchange.note_content
        self.discard = exchange.discard
        self.abort = exchange.abort

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
