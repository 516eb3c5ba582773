"""Holds a stream within limits that cut: counts its output while it streams, reserves more when it
passes what it has, and ends it when there is no more.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from penstock.gateway.attempt import OpenAttempt
from penstock.gateway.limit_answers import stream_cut
from penstock.gateway.reserved import Reserved
from penstock.rules.call import Usage, UsageSource
from penstock.rules.claims import CapReached
from penstock.rules.limits.documents import Otherwise
from penstock.rules.limits.index import Amounts, CountedLimit, nano_usd
from penstock.rules.neutral.answer import BYTES_PER_TOKEN
from penstock.rules.prices.price_book import CalledModel
from penstock.spi.chat import AnswerStream
from penstock.spi.counters import Counters, CountersUnavailable, Reservation

_MORE: Final = 4  # a part of what is held is reserved at once: a quarter
_NEVER: Final = 2**62


class _CutLimit:
    """A limit that cuts, with what is held of it: by the call's reservation and by more ones."""

    def __init__(self, at: int, counted: CountedLimit, held: int) -> None:
        self.at = at  # of the claim in the call's reservation
        self.counted = counted
        self.held = held
        self.more: list[Reservation] = []


class StreamBudget:
    """The limits that cut one call."""

    def __init__(self, counters: Counters, reserved: Reserved) -> None:
        self._counters = counters
        self._claims = reserved.reservation.claims
        self._limits = [
            _CutLimit(at, counted, self._claims[at].amount)
            for at, counted in enumerate(reserved.counted.each)
            if counted.limit.cuts
        ]
        self._next = 0  # tokens of output at which to look again

    async def check(
        self, attempt: OpenAttempt, stream: AnswerStream, request_size: int, start_ns: int
    ) -> None:
        """Raises `RateLimited` if the stream has passed a limit; its usage is noted then."""
        output = max(stream.delta_count, -(-stream.text_size // BYTES_PER_TOKEN))
        if output < self._next:
            return
        usage = _usage(stream, output, request_size)
        amounts = _amounts(attempt, usage, start_ns)
        free = 1.0
        for limit in self._limits:
            used = limit.counted.limit.amount(amounts)
            if used > limit.held and not await self._reserve(limit, used):
                attempt.counted = usage
                raise stream_cut(limit.counted.limit)
            free = min(free, (limit.held - used) / max(used, 1))
        # The price of a token is at most the mean so far of those of the output.
        self._next = output + max(1, int(usage.output_tokens * free))

    def held(self, amounts: Sequence[int]) -> list[int]:
        """Returns what is reserved in all, from what the call's reservation has."""
        held = list(amounts)
        for limit in self._limits:
            held[limit.at] += sum(each.claims[0].amount for each in limit.more)
        return held

    def settle(self, amounts: Sequence[int]) -> list[int]:
        """Settles what was reserved later. Returns what is left for the call's reservation."""
        left = list(amounts)
        for limit in self._limits:
            over = max(0, left[limit.at] - self._claims[limit.at].amount)
            for reservation in limit.more:
                part = min(over, reservation.claims[0].amount)
                self._counters.settle(reservation, (part,))
                left[limit.at] -= part
                over -= part
        return left

    async def _reserve(self, limit: _CutLimit, used: int) -> bool:
        """Returns whether the limit has space for what is used."""
        wanted = max(used - limit.held, limit.held // _MORE)
        try:
            left = await self._take(limit, wanted)
            if left:
                await self._take(limit, left)  # others may be faster
        except CountersUnavailable:
            limit.held = _NEVER
            return limit.counted.limit.entry.unavailable == Otherwise.ADMIT
        return used <= limit.held

    async def _take(self, limit: _CutLimit, amount: int) -> int:
        """Reserves an amount. Returns what is left if that does not fit, else 0."""
        found = await self._counters.reserve((replace(self._claims[limit.at], amount=amount),))
        if isinstance(found, CapReached):
            return found.left
        self._counters.dispatched(found)
        limit.more.append(found)
        limit.held += amount
        return 0


def _usage(stream: AnswerStream, output: int, request_size: int) -> Usage:
    """Returns the provider's count so far where it is more than the estimate."""
    counted = stream.facts.usage or Usage()
    return Usage(
        counted.input_tokens or -(-request_size // BYTES_PER_TOKEN),
        max(counted.output_tokens, output),
        cache_read_tokens=counted.cache_read_tokens,
        cache_write_tokens=counted.cache_write_tokens,
        source=UsageSource.ESTIMATED,
    )


def _amounts(attempt: OpenAttempt, usage: Usage, start_ns: int) -> Amounts:
    target = attempt.target
    called = CalledModel(target.entry.name, target.entry.vendor, target.model)
    charge = target.project.charge(called, usage, start_ns)
    spend = nano_usd(charge.cost) if charge is not None else 0
    return Amounts(1, usage.input_tokens + usage.output_tokens, spend)
