"""What a machine may use of the limits while Redis is away: a part of each, counted in a file that
all workers of the machine share, and owed to Redis.
"""

import math
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from penstock.infra.counters import LocalCounters
from penstock.infra.redis.counter_commands import UNCOUNTED, RedisReservation
from penstock.rules.claims import CapReached, Claim, CounterKind
from penstock.spi.counters import CountersUnavailable, Reservation

MAX_OWED: Final = 65_536  # counters whose use is kept until Redis is back


class AllowanceReservation(Reservation):
    """A reservation of a part of the limits. `inner`: that of the file, of larger amounts."""

    __slots__ = ("inner",)

    def __init__(self, claims: Sequence[Claim], inner: Reservation) -> None:
        super().__init__(claims, inner.left, 0)
        self.inner = inner


class LocalAllowance:
    """Admits calls up to `share` of each limit: the amounts are multiplied, so that the limits stay
    as they are."""

    def __init__(self, counters: LocalCounters, share: float) -> None:
        self.counters = counters
        self._factor = math.ceil(1 / share) if share > 0 else 0
        self._owed: dict[tuple[str, bytes, int], tuple[Claim, int]] = {}

    async def reserve(self, claims: Sequence[Claim]) -> AllowanceReservation:
        """Raises `CountersUnavailable` if the share is used up."""
        if not self._factor:
            raise CountersUnavailable(
                "The counters are away, and nothing may be used without them."
            )
        wanted = [replace(claim, amount=claim.amount * self._factor) for claim in claims]
        found = await self.counters.reserve(wanted)
        if isinstance(found, CapReached):
            raise CountersUnavailable(
                "The counters are away, and what this machine may use without them is used up.",
                retry_after_s=1,
            )
        self.counters.dispatched(found)
        return AllowanceReservation(claims, found)

    def settle(self, reservation: AllowanceReservation, amounts: Sequence[int]) -> None:
        """Replaces the reserved amounts by the used ones, and remembers them for Redis."""
        if not reservation.inner.open:
            return
        for claim, amount in zip(reservation.claims, amounts, strict=True):
            if claim.kind == CounterKind.WINDOW and amount:
                self._owe(claim, amount)
        self.counters.settle(reservation.inner, [amount * self._factor for amount in amounts])

    def take_owed(self, id_: str) -> list[tuple[RedisReservation, list[int]]]:
        """Returns what was used since, as settlements without a reservation."""
        owed, self._owed = self._owed, {}
        return [
            (RedisReservation([claim], (), f"{id_}-{at}", claim.project, UNCOUNTED), [amount])
            for at, (claim, amount) in enumerate(owed.values())
        ]

    def _owe(self, claim: Claim, amount: int) -> None:
        place = (claim.project, claim.key, claim.start_ns)
        before = self._owed.get(place)
        if before is not None or len(self._owed) < MAX_OWED:
            self._owed[place] = (claim, amount + (before[1] if before is not None else 0))
