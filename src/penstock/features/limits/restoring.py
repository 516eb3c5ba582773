"""Restores the counters of windows that began before the counters did, from recorded calls.

A counter is raised to what the records say and never lowered, so that it can be done again: records
arrive some seconds after their calls. Rates and concurrency need none.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from penstock.features.limits.model import StoredLimit, counted_from_ns
from penstock.features.limits.recorded import RecordedUse
from penstock.kernel.time import Clock
from penstock.rules.claims import Claim, CounterKind
from penstock.rules.limits.index import Amounts, Limit

_EVERY_S: Final = 5.0
_AGAIN_NS: Final = 120 * 10**9  # for how long after a loss late records are looked for
_log: Final = logging.getLogger("penstock.limits")


class CounterWriter(Protocol):
    """The counters, open to write."""

    def raise_used(self, claim: Claim, used: int) -> bool:
        """Raises the used amount of a claim's window; never lowers it."""
        ...


class CounterTimes(Protocol):
    """The times at which the counters of a project began."""

    @property
    def created_ns(self) -> int: ...
    @property
    def lost_ns(self) -> int: ...


class UseRestoring:
    """Raises counters after they were lost or damaged. `times` is called with a project."""

    def __init__(
        self,
        limits: Callable[[], Sequence[StoredLimit]],
        times: Callable[[str], CounterTimes | None],
        open_counters: Callable[[], AbstractContextManager[CounterWriter]],
        recorded: RecordedUse,
        clock: Clock,
    ) -> None:
        self._limits = limits
        self._times = times
        self._open_counters = open_counters
        self._recorded = recorded
        self._clock = clock
        self._restored: dict[str, int] = {}  # the losses that were dealt with, by project

    async def run(self) -> None:
        """Restores counters whenever that is necessary, until it is cancelled or fails."""
        while True:
            await asyncio.to_thread(self.restore)
            await asyncio.sleep(_EVERY_S)

    def restore(self) -> int:
        """Restores all counters that began later than their window. Returns how many were too
        low. Raises `PenstockError` while the records cannot be read."""
        raised = 0
        restored: dict[str, int] = {}
        for project_id, limits in _windows_of_projects(self._limits()).items():
            times = self._times(project_id)
            if times is None:
                continue
            lost_ns = restored[project_id] = max(times.created_ns, times.lost_ns)
            raised += self._restore_project(limits, lost_ns, self._restored.get(project_id))
        if raised:
            _log.warning("%d counters of limits were restored from the records of calls", raised)
        self._restored = restored
        return raised

    def _restore_project(
        self, limits: Sequence[StoredLimit], lost_ns: int, restored_ns: int | None
    ) -> int:
        now_ns = self._clock.now_ns()
        if restored_ns == lost_ns and now_ns > lost_ns + _AGAIN_NS:
            return 0
        wanted = [one for one in limits if _began_before(one, lost_ns, now_ns)]
        if not wanted:
            return 0
        with self._open_counters() as counters:
            return sum(self._restore(one, counters, now_ns) for one in wanted)

    def _restore(self, stored: StoredLimit, counters: CounterWriter, now_ns: int) -> int:
        limit = Limit(stored.project_id, stored.entry)
        start_ns = max(limit.window(now_ns)[0], counted_from_ns(stored))
        used = self._recorded.by_values(stored, start_ns, now_ns + 1)
        return sum(
            counters.raise_used(limit.claim(tuple(values), Amounts(0), now_ns), amount)
            for values, amount in used.items()
        )


def _windows_of_projects(limits: Sequence[StoredLimit]) -> dict[str, list[StoredLimit]]:
    """Returns the limits that count in windows, by project."""
    found: dict[str, list[StoredLimit]] = {}
    for stored in limits:
        if Limit(stored.project_id, stored.entry).kind == CounterKind.WINDOW:
            found.setdefault(stored.project_id, []).append(stored)
    return found


def _began_before(stored: StoredLimit, lost_ns: int, now_ns: int) -> bool:
    """Returns whether the limit and its window began before the counters."""
    limit = Limit(stored.project_id, stored.entry)
    return max(limit.window(now_ns)[0], counted_from_ns(stored)) < lost_ns
