"""Stage 2: admission by count and by bytes of request bodies, with fair shares for each project
and key; answers that wait, and what guardrail checks read, take from the same bytes. Also ends
calls whose client left or whose time is up.

One pass over all calls, twenty times a second, replaces a timer and a watcher for each call.
"""

import asyncio
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.call_limits import KIB, CallLimits
from penstock.gateway.errors import ClientDisconnected, RequestTimeout, ShuttingDown
from penstock.kernel.errors import Overloaded, PenstockError, RateLimited
from penstock.rules.shares import ShareRejection, Shares
from penstock.rules.snapshot.access import KeyContext

TICK_S: Final = 0.05
BODY_STEP: Final = 64 * KIB  # bodies are counted in such steps; the first step is free
WATCH_AFTER_S: Final = 0.04  # most calls of a fast provider end sooner


class InFlight:
    """Admits calls up to a limit and watches them until they leave."""

    def __init__(self, limits: CallLimits) -> None:
        self._limits = limits
        shares = (limits.project_share, limits.key_share)
        self._slots = Shares(limits.max_in_flight, *shares)
        # a body of the largest size must fit into any usual share
        capacity = max(limits.held_body_bytes, 4 * limits.max_body_bytes)
        self._bytes = Shares(capacity, *shares)
        self._calls: set[Call] = set()
        self._ticker: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self.closing = False
        self.shed_count = 0

    def __len__(self) -> int:
        return len(self._calls)

    def enter(self, call: Call, key_context: KeyContext) -> None:
        """Admits a call. Raises `Overloaded` when the gateway is full or stopping, `RateLimited`
        when the project or the key has used its share."""
        if self.closing:
            raise self._shed(ShareRejection.FULL, "calls")
        if rejected := self._slots.take(key_context.project_id, key_context.key.id):
            raise self._shed(rejected, "calls")
        loop = asyncio.get_running_loop()
        call.entered = loop.time()
        self._calls.add(call)
        if self._ticker is None:
            self._ticker = loop.call_later(TICK_S, self._tick)

    @property
    def is_busy(self) -> bool:
        """Returns whether callers need the worker: half of its calls or of its memory is in use, or
        it is stopping."""
        taken = any(2 * each.used >= each.capacity for each in (self._slots, self._bytes))
        return self.closing or taken

    @property
    def held_bytes(self) -> int:
        """The bytes that all calls hold, beyond the first step of each."""
        return self._bytes.used

    def hold(self, call: Call, size: int) -> int:
        """Reserves memory for `size` bytes of the call's body. Returns the size up to which no
        further call is needed. Raises the errors of `enter`."""
        call.held_bytes += self._take(call, size, call.held_bytes, "bytes of requests")
        return call.held_bytes + BODY_STEP

    def hold_memory(self, call: Call, size: int) -> int:
        """The same for an answer that waits until it is whole, and for what guardrail checks read.
        The largest size counts until the call leaves."""
        call.memory_bytes += self._take(call, size, call.memory_bytes, "memory")
        return call.memory_bytes + BODY_STEP

    def release_body(self, call: Call, kept: int = 0) -> None:
        """Frees the memory reserved for a body, except for the `kept` bytes still in use."""
        held = max(0, (kept - 1) // BODY_STEP) * BODY_STEP
        if call.held_bytes > held:
            self._give_back(call, call.held_bytes - held)
            call.held_bytes = held

    def release(self, call: Call) -> None:
        """Frees all memory that the call had reserved."""
        if held := call.held_bytes + call.memory_bytes:
            self._give_back(call, held)
            call.held_bytes = call.memory_bytes = 0

    def commit(self, call: Call) -> None:
        """Notes that the answer is committed: no attempt needs the request body any more."""
        call.committed = True
        if call.keep_alive is not None:
            call.keep_alive = None
        call.body = call.body[: self._limits.capture_request_bytes]
        call.media = None
        if call.held_bytes:
            self.release_body(call, len(call.body))

    def leave(self, call: Call) -> None:
        """Frees everything the call had reserved."""
        if call in self._calls and (key_context := call.key_context) is not None:
            self._calls.discard(call)
            self._slots.release(key_context.project_id, key_context.key.id)
            if call.held_bytes or call.memory_bytes:
                self.release(call)
        if self.closing and not self._calls:
            self._empty.set()

    async def drain(self) -> None:
        """Waits up to `drain_s` for the calls to finish, then ends and records the rest."""
        self.closing = True
        if self._calls and not await self._emptied(self._limits.drain_s):
            for call in list(self._calls):
                call.end(ShuttingDown("The gateway is stopping.", retry_after_s=1))
            await self._emptied(1.0)

    def _take(self, call: Call, size: int, held: int, of_what: str) -> int:
        """Reserves what `size` needs more than is `held`, in steps. Returns it."""
        key_context = call.key_context
        more = (size - 1) // BODY_STEP * BODY_STEP - held
        if key_context is None or more <= 0:
            return 0
        if rejected := self._bytes.take(key_context.project_id, key_context.key.id, more):
            raise self._shed(rejected, of_what)
        return more

    def _give_back(self, call: Call, size: int) -> None:
        if (key_context := call.key_context) is not None:
            self._bytes.release(key_context.project_id, key_context.key.id, size)

    def _shed(self, rejected: ShareRejection, of_what: str) -> PenstockError:
        self.shed_count += 1
        if rejected is ShareRejection.FULL:
            return Overloaded(
                f"The gateway is at its limit of {of_what}.",
                hint="Try again in a moment.",
                retry_after_s=1,
            )
        return RateLimited(
            f"The {rejected} of this call has used its share of the gateway's {of_what}.",
            hint="Try again when some of its calls have ended.",
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
            self._check(call, now)
            if call.keep_alive is not None:
                self._keep_alive(call, now)
        self._ticker = loop.call_later(TICK_S, self._tick) if self._calls else None

    def _check(self, call: Call, now: float) -> None:
        if call.reading_since:
            if now - call.reading_since > self._limits.body_timeout_s:
                call.end(RequestTimeout("The request body did not arrive in time."))
        elif not call.watched:
            if now - call.entered > WATCH_AFTER_S:
                call.watch()
        elif call.sending_since and now - call.sending_since > self._limits.stuck_caller_s:
            call.end(ClientDisconnected("The client stopped reading its answer."))

    def _keep_alive(self, call: Call, now: float) -> None:
        since = max(call.entered, call.kept_alive)
        if now - since > self._limits.keep_alive_s:
            call.send_keep_alive(now)
