"""Calls of no project (wrong keys): anybody can make them, so what is stored of them is bounded."""

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.features.traces.ingest import ReadableRecord
from penstock.kernel.time import Clock

_HOUR_S: Final = 3600.0


class UnclaimedLimits(msgspec.Struct, frozen=True):
    """How many calls of no project are stored in an hour, and for how many days they stay."""

    per_hour: int = 3_600
    days: int = 7


class UnclaimedBudget:
    """Counts what is stored of them in the present hour; the rest is left out."""

    def __init__(self, limits: UnclaimedLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._since = clock.monotonic()
        self._left = limits.per_hour

    def admit(self, calls: Sequence[ReadableRecord]) -> list[ReadableRecord]:
        """The calls to store: all that belong to a project, the others within the bound."""
        now = self._clock.monotonic()
        if now - self._since >= _HOUR_S:
            self._since, self._left = now, self._limits.per_hour
        return [call for call in calls if call.record.begin.project_id or self._take()]

    def _take(self) -> bool:
        self._left -= 1
        return self._left >= 0
