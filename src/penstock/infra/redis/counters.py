"""The counters of all gateways that use one Redis."""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial
from itertools import count

from penstock.infra.redis.allowance import AllowanceReservation, LocalAllowance
from penstock.infra.redis.counter_commands import CounterCommands, RedisReservation, reserved
from penstock.infra.redis.leases import LEASE_S, LIVE_EVERY_S, Leases
from penstock.infra.redis.link import RedisLink, RedisUnavailable
from penstock.kernel.time import Clock
from penstock.rules.claims import CapReached, Claim
from penstock.spi.counters import Reservation


class RedisCounters:
    """Implements `spi.counters.Counters`. `worker` identifies this process for ever."""

    def __init__(
        self,
        url: str,
        worker: str,
        clock: Clock,
        allowance: LocalAllowance,
        lease_s: float = LEASE_S,
    ) -> None:
        self._commands = CounterCommands(worker)
        self._link = RedisLink(url, self._commands.script, "limits")
        self._leases = Leases(self._link, self._commands, clock, lease_s)
        self._clock = clock
        self._allowance = allowance
        self._live_every_s = min(LIVE_EVERY_S, lease_s / 4)
        self._numbers = count()
        self._open = 0

    @property
    def problem(self) -> str:
        """The reason why they cannot be changed now; empty if they can."""
        return self._link.problem

    @property
    def notice(self) -> str:
        """A sentence that an operator should know although they can."""
        return self._link.notice

    async def reserve(self, claims: Sequence[Claim]) -> Reservation | CapReached:
        """Reserves all claims, or none. What is reserved counts as used if this process ends.
        Raises `RedisUnavailable` after a bounded wait."""
        await self._leases.join(claims[0].project)
        id_ = f"{self._commands.worker}-{next(self._numbers)}"
        undo = partial(self._commands.forget, id_, claims)
        reply = await self._link.ask(self._commands.reserve(id_, claims), undo)
        found = reserved(id_, claims, reply, self._clock.now_ns())
        if found is None:
            raise RedisUnavailable("The reservation came too late.", retry_after_s=1)
        if not isinstance(found, CapReached):
            self._open += 1
        return found

    async def reserve_allowance(self, claims: Sequence[Claim]) -> Reservation | None:
        """Reserves within what this machine may use while Redis is away. Raises
        `CountersUnavailable` if that is used up."""
        return await self._allowance.reserve(claims)

    def dispatched(self, reservation: Reservation) -> None:
        """Does nothing: what is reserved counts as used if this process ends."""

    def settle(self, reservation: Reservation, amounts: Sequence[int]) -> None:
        """Replaces the reserved amounts by the true ones, once; later if Redis is away."""
        if isinstance(reservation, AllowanceReservation):
            self._allowance.settle(reservation, amounts)
        elif isinstance(reservation, RedisReservation) and reservation.open:
            reservation.open = False
            self._open -= 1
            self._link.tell(self._commands.settle(reservation, amounts))

    def release(self, reservation: Reservation) -> None:
        """Returns the reserved amounts, except those of a `RATE`."""
        self.settle(reservation, (0,) * len(reservation.claims))

    async def run(self) -> None:
        """Sends commands, and keeps the lease of this worker. Never returns; when it is cancelled,
        it settles what is left."""
        tasks = [
            asyncio.create_task(self._link.run()),
            asyncio.create_task(self._allowance.counters.run()),
        ]
        try:
            while True:
                with contextlib.suppress(RedisUnavailable):
                    await self._leases.keep()
                    self._send_owed()
                await asyncio.sleep(self._live_every_s)
        finally:
            self._send_owed()
            if not self._open:
                self._leases.end()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def close(self) -> None:
        """Leaves the file of the allowance."""
        self._allowance.counters.close()

    def _send_owed(self) -> None:
        id_ = f"{self._commands.worker}-owed-{next(self._numbers)}"
        for reservation, amounts in self._allowance.take_owed(id_):
            self._link.tell(self._commands.settle(reservation, amounts))
