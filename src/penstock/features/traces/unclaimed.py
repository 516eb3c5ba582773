"""Limits the stored calls without a project (wrong keys), because any client can cause them."""

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.features.traces.ingest import ReadableRecord
from penstock.kernel.time import Clock

_HOUR_S: Final = 3600.0


class UnclaimedLimits(msgspec.Struct, frozen=True):
    """Limits of calls without a project: how many are stored per hour, and for how many days."""

    per_hour: int = 3_600
    days: int = 7


class UnclaimedBudget:
    """Counts the calls without a project that are stored in the current hour."""

    def __init__(self, limits: UnclaimedLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._since = clock.monotonic()
        self._left = limits.per_hour

    def admit(self, calls: Sequence[ReadableRecord]) -> list[ReadableRecord]:
        """Returns the calls to store: all calls of projects, and the others within the limit."""
        now = self._clock.monotonic()
        if now - self._since >= _HOUR_S:
            self._since, self._left = now, self._limits.per_hour
        return [call for call in calls if call.record.begin.project_id or self._take()]

    def _take(self) -> bool:
        self._left -= 1
        return self._left >= 0
