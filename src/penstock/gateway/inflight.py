"""Stage 2, and the watch over the calls under way: how many may be and whose, how much memory
their bodies take, and which must end.

One look at all of them twenty times a second replaces timers and watchers of each call.
"""

import asyncio
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.call_limits import KIB, CallLimits
from penstock.gateway.errors import ClientDisconnected, RequestTimeout, ShuttingDown
from penstock.gateway.snapshot.project_index import KeyContext
from penstock.kernel.errors import Overloaded, PenstockError, RateLimited
from penstock.rules.shares import ShareRefusal, Shares

TICK_S: Final = 0.05
BODY_STEP: Final = 64 * KIB  # bodies are counted in such steps, the first one with the call
WATCH_AFTER_S: Final = 0.04  # most calls of a fast provider are over before anyone could leave


class InFlight:
    """Admits calls up to a limit and looks after them until they leave."""

    def __init__(self, limits: CallLimits) -> None:
        self._limits = limits
        shares = (limits.project_share, limits.key_share)
        self._slots = Shares(limits.max_in_flight, *shares)
        # a body of the largest size must fit into any usual share
        room = max(limits.held_body_bytes, 4 * limits.max_body_bytes)
        self._bodies = Shares(room, *shares)
        self._calls: set[Call] = set()
        self._ticker: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self.closing = False
        self.shed_count = 0

    def __len__(self) -> int:
        return len(self._calls)

    def enter(self, call: Call, key_context: KeyContext) -> None:
        """`Overloaded` when there are too many already, or the gateway is about to stop;
        `RateLimited` when the caller's project or key holds its share."""
        if self.closing:
            raise self._shed(ShareRefusal.FULL, "calls")
        if refused := self._slots.take(key_context.project_id, key_context.key.id):
            raise self._shed(refused, "calls")
        loop = asyncio.get_running_loop()
        call.entered = loop.time()
        self._calls.add(call)
        if self._ticker is None:
            self._ticker = loop.call_later(TICK_S, self._tick)

    def hold(self, call: Call, size: int) -> int:
        """Counts `size` bytes of the call's body; returns up to which size that holds. Raises as
        `enter`."""
        key_context = call.key_context
        steps = (size - 1) // BODY_STEP
        more = steps * BODY_STEP - call.held_bytes
        if key_context is not None and more > 0:
            if refused := self._bodies.take(key_context.project_id, key_context.key.id, more):
                raise self._shed(refused, "bytes of requests")
            call.held_bytes += more
        return call.held_bytes + BODY_STEP

    def release_body(self, call: Call, kept: int = 0) -> None:
        """Of the call's body only `kept` bytes are still in memory."""
        held = max(0, (kept - 1) // BODY_STEP) * BODY_STEP
        if (key_context := call.key_context) is not None and call.held_bytes > held:
            less = call.held_bytes - held
            self._bodies.release(key_context.project_id, key_context.key.id, less)
            call.held_bytes = held

    def leave(self, call: Call) -> None:
        """Gives back what the call held."""
        if call in self._calls and (key_context := call.key_context) is not None:
            self._calls.discard(call)
            self._slots.release(key_context.project_id, key_context.key.id)
            if call.held_bytes:
                self.release_body(call)
        if self.closing and not self._calls:
            self._empty.set()

    async def drain(self) -> None:
        """Let the calls finish; end those that have not after `drain_s`, each with its record."""
        self.closing = True
        if self._calls and not await self._emptied(self._limits.drain_s):
            for call in list(self._calls):
                call.end(ShuttingDown("The gateway is stopping.", retry_after_s=1))
            await self._emptied(1.0)

    def _shed(self, refused: ShareRefusal, of_what: str) -> PenstockError:
        self.shed_count += 1
        if refused is ShareRefusal.FULL:
            return Overloaded(
                f"The gateway has as many {of_what} as it can hold.",
                hint="Try again in a moment.",
                retry_after_s=1,
            )
        return RateLimited(
            f"The {refused} of this call holds its share of the gateway's {of_what}.",
            hint="Try again when some of its calls are over.",
            code="share_exceeded",
            retry_after_s=1,
        )

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
                call.end(RequestTimeout("The request body did not arrive in time."))
        elif not call.watched:
            if now - call.entered > WATCH_AFTER_S:
                call.watch()
        elif call.sending_since and now - call.sending_since > self._limits.stuck_caller_s:
            call.end(ClientDisconnected("The caller stopped reading its answer."))
