"""How many calls go to a provider at once, and which wait.

The places are those of all workers of a machine; each worker has a queue of its own. A place that
another worker has freed is found by looking again, a few times in each tenth of a second.
"""

import asyncio
import math
from hashlib import blake2b
from typing import Final, Protocol
from weakref import WeakValueDictionary

from penstock.kernel.errors import Overloaded, PenstockError, RateLimited
from penstock.kernel.time import Clock
from penstock.rules.attempts.call_queue import CallQueue, NoPlace
from penstock.rules.priorities import Priority
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.spi.strategy import Randomness

LOOK_S: Final = 0.01  # between two looks for a place that another worker has freed, on average
MAX_YIELDS: Final = 10  # looks that leave a free place to another worker, which may be stopped


class MachineSlots(Protocol):
    """The places of a target that workers share: `infra.slot_file`."""

    def __len__(self) -> int: ...
    def take(self, limit: int) -> int | None: ...
    def free(self, at: int) -> None: ...
    def in_use(self) -> int: ...
    def show_waiting(self, priority: Priority, *, wait: bool) -> None: ...
    def others_wait(self, least: int) -> bool: ...


class MachineSlotFile(Protocol):
    """The places of all targets."""

    @property
    def problem(self) -> str: ...
    def slots(self, key: bytes) -> MachineSlots: ...


class Slot:
    """A place that a call has. `waited_ns`: how long it waited for it."""

    __slots__ = ("_at", "_of", "waited_ns")

    def __init__(self, of: "TargetSlots", at: int, waited_ns: int = 0) -> None:
        self._of: TargetSlots | None = of
        self._at = at
        self.waited_ns = waited_ns

    def release(self) -> None:
        """Frees the place, once."""
        if (of := self._of) is not None:
            self._of = None
            of.free(self._at)


class _Waiting:
    """A call in the queue; `place` gets what it waits for."""

    __slots__ = ("key", "place", "priority")

    def __init__(self, key: str, priority: Priority, place: "asyncio.Future[int]") -> None:
        self.key = key
        self.priority = priority
        self.place = place


class TargetSlots:
    """The places of one provider, and the calls that wait here."""

    def __init__(
        self, shared: MachineSlots, provider: str, clock: Clock, random: Randomness
    ) -> None:
        self.provider = provider
        self.refused_count = 0
        self.limit = 0
        self._shared = shared
        self._clock = clock
        self._random = random
        self._queue: CallQueue[_Waiting] = CallQueue(0)
        self._timeout_s = 0.0
        self._full_until = 0.0
        self._yields = 0
        self._timer: asyncio.TimerHandle | None = None

    def follow(self, entry: ProviderEntry) -> None:
        """Takes the limits of a snapshot. Calls in progress and waiting ones stay."""
        self.limit = entry.max_concurrency
        self._queue.capacity = entry.max_queue
        self._timeout_s = entry.queue_timeout_ms / 1000

    @property
    def own(self) -> int:
        """The calls of this worker at the provider."""
        return len(self._shared)

    @property
    def waiting(self) -> int:
        """The calls that wait here."""
        return len(self._queue)

    @property
    def max_queue(self) -> int:
        """The calls that may wait here."""
        return self._queue.capacity

    def in_use(self) -> int:
        """Returns the places that all workers of the machine have taken."""
        return self._shared.in_use()

    def take(self, priority: Priority) -> Slot | None:
        """Returns a place if one is free and nobody of this priority waits for it."""
        first = self._queue.first()
        now = self._clock.monotonic()
        waited_for = first is not None and first.priority >= priority
        if waited_for or now < self._full_until or self._shared.others_wait(priority):
            return None
        at = self._shared.take(self.limit)
        if at is None:
            self._full_until = now + LOOK_S
            return None
        return Slot(self, at)

    async def wait(self, key: str, priority: Priority, within_s: float) -> Slot:
        """Returns a place as soon as it is this call's turn. Raises `Overloaded` if the queue is
        full or the wait too long, `RateLimited` if the key has used its share of the queue."""
        loop = asyncio.get_running_loop()
        if (slot := self.take(priority)) is not None:
            return slot
        call, begun = _Waiting(key, priority, loop.create_future()), self._clock.monotonic()
        self._enter(call)
        try:
            async with asyncio.timeout(min(self._timeout_s, max(within_s, 0.0))):
                at = await call.place
        except TimeoutError:
            self._abandon(call)
            raise self._refusal("the call has waited for its turn too long") from None
        except BaseException:
            self._abandon(call)
            raise
        return Slot(self, at, round((self._clock.monotonic() - begun) * 1e9))

    def free(self, at: int) -> None:
        """Frees a place. The next call here gets it, unless others wait for it as well: then those
        who look first get it."""
        self._shared.free(at)
        self._full_until = 0.0
        first = self._queue.first()
        if first is not None and not self._shared.others_wait(first.priority):
            self._serve()

    def _enter(self, call: _Waiting) -> None:
        replaced = self._queue.add(call)
        if replaced is NoPlace.KEY:
            self.refused_count += 1
            raise RateLimited(
                "The key of this call has used its share of the provider's queue.",
                hint="Try again when some of its calls have ended.",
                code="share_exceeded",
                retry_after_s=self._retry_after_s(),
            )
        if replaced is NoPlace.FULL:
            raise self._refusal("its queue is full")
        if replaced is not None:
            self._left(replaced)
            if not replaced.place.done():
                reason = "its queue is full, and a call of a higher priority came"
                replaced.place.set_exception(self._refusal(reason))
        if self._queue.waiting(call.priority) == 1:
            self._shared.show_waiting(call.priority, wait=True)
        self._look_later()

    def _abandon(self, call: _Waiting) -> None:
        """Removes a call that waits no more, and frees the place that it may have got meanwhile."""
        if self._queue.discard(call):
            self._left(call)
        place = call.place
        if place.done() and not place.cancelled() and place.exception() is None:
            self.free(place.result())

    def _left(self, call: _Waiting) -> None:
        if not self._queue.waiting(call.priority):
            self._shared.show_waiting(call.priority, wait=False)

    def _look_later(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(LOOK_S * (0.5 + self._random.random()), self._look)

    def _look(self) -> None:
        self._timer = None
        self._serve()
        if len(self._queue):
            self._look_later()

    def _serve(self) -> None:
        """Hands free places to waiting calls, but leaves them to another worker while calls of a
        higher priority wait there. One that does not take them may be stopped."""
        while (call := self._queue.first()) is not None:
            at = self._shared.take(self.limit)
            if at is None:
                self._yields = 0
                return
            if self._yields < MAX_YIELDS and self._shared.others_wait(call.priority + 1):
                self._yields += 1
                self._shared.free(at)
                return
            self._queue.discard(call)
            self._left(call)
            if call.place.done():  # it has been cancelled
                self._shared.free(at)
            else:
                call.place.set_result(at)

    def _refusal(self, why: str) -> PenstockError:
        self.refused_count += 1
        return Overloaded(
            f"It has {self.limit} calls in progress, which is its limit: {why}.",
            hint="Try again later, or raise the provider's `max_concurrency`.",
            code="target_full",
            retry_after_s=self._retry_after_s(),
        )

    def _retry_after_s(self) -> int:
        return max(1, math.ceil(self._timeout_s))


class SlotSource:
    """The places of all providers with a limit. They outlive snapshots while a call uses them."""

    def __init__(self, file: MachineSlotFile, clock: Clock, random: Randomness) -> None:
        self._file = file
        self._clock = clock
        self._random = random
        self._known: WeakValueDictionary[tuple[str, str], TargetSlots] = WeakValueDictionary()

    @property
    def problem(self) -> str:
        """The reason if workers do not share the places; else empty."""
        return self._file.problem

    def of(self, project_id: str, entry: ProviderEntry) -> TargetSlots | None:
        """Returns the places of a provider; `None` if it has no limit."""
        if not entry.max_concurrency:
            return None
        found = self._known.get((project_id, entry.name))
        if found is None:
            shared = self._file.slots(slot_key(project_id, entry.name))
            found = TargetSlots(shared, entry.name, self._clock, self._random)
            self._known[project_id, entry.name] = found
        found.follow(entry)
        return found

    def all(self) -> list[TargetSlots]:
        """Returns the places in use or configured."""
        return list(self._known.values())


def slot_key(project_id: str, provider: str) -> bytes:
    """Returns the bytes that name a provider in the file of places."""
    name = f"{project_id}\0{provider}".encode("utf-8", "replace")
    return blake2b(name, digest_size=16).digest()
