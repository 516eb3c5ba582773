"""Stage 2, and the watch over the calls under way: how many may be, and which must end.

One look at all of them twenty times a second replaces timers and watchers of each call.
"""

import asyncio
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.errors import BodyTooSlow, CallerGone, ShuttingDown
from penstock.gateway.limits import GatewayLimits
from penstock.kernel.errors import Overloaded

TICK_S: Final = 0.05
WATCH_AFTER_S: Final = 0.04  # most calls of a fast provider are over before anyone could leave


class InFlight:
    """Admits calls up to a limit and looks after them until they leave."""

    def __init__(self, limits: GatewayLimits) -> None:
        self._limits = limits
        self._calls: set[Call] = set()
        self._ticker: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self.closing = False
        self.shed_count = 0

    def __len__(self) -> int:
        return len(self._calls)

    def enter(self, call: Call) -> None:
        """`Overloaded` when there are too many already, or the gateway is about to stop."""
        if self.closing or len(self._calls) >= self._limits.max_in_flight:
            self.shed_count += 1
            raise Overloaded(
                "The gateway has as many calls as it can serve.",
                hint="Try again in a moment.",
                retry_after_s=1,
            )
        loop = asyncio.get_running_loop()
        call.entered = loop.time()
        self._calls.add(call)
        if self._ticker is None:
            self._ticker = loop.call_later(TICK_S, self._tick)

    def leave(self, call: Call) -> None:
        self._calls.discard(call)
        if self.closing and not self._calls:
            self._empty.set()

    async def drain(self) -> None:
        """Let the calls finish; end those that have not after `drain_s`, each with its record."""
        self.closing = True
        if self._calls and not await self._emptied(self._limits.drain_s):
            for call in list(self._calls):
                call.end(ShuttingDown("The gateway is stopping.", retry_after_s=1))
            await self._emptied(1.0)

    async def _emptied(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for call in list(self._calls):
            self._look_at(call, now)
        self._ticker = loop.call_later(TICK_S, self._tick) if self._calls else None

    def _look_at(self, call: Call, now: float) -> None:
        if call.reading_since:
            if now - call.reading_since > self._limits.body_timeout_s:
                call.end(BodyTooSlow("The request body did not arrive in time."))
        elif not call.watched:
            if now - call.entered > WATCH_AFTER_S:
                call.watch()
        elif call.sending_since and now - call.sending_since > self._limits.stuck_caller_s:
            call.end(CallerGone("The caller stopped reading its answer."))
