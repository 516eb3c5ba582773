"""The job that lets the rules of rollouts decide."""

import logging
from contextlib import suppress
from typing import Final

from penstock.features.background import each_alone, rounds
from penstock.features.rollouts.comparing import ComparisonService
from penstock.features.rollouts.runs import RolloutRun
from penstock.kernel.errors import NotFound
from penstock.kernel.time import Clock
from penstock.rules.rollouts.decision import DecisionKind

_LOOK_S: Final = 2.0
_log: Final = logging.getLogger("penstock.rollouts")


class RolloutDecisions:
    """Looks at each comparison once in the period of its plan."""

    def __init__(self, comparisons: ComparisonService, clock: Clock) -> None:
        self._comparisons = comparisons
        self._clock = clock
        self._looked: dict[tuple[str, str], float] = {}

    async def run(self) -> None:
        """Runs until it is cancelled or fails."""
        await rounds(self.look, _LOOK_S)

    def look(self) -> None:
        """Looks at the comparisons whose period has passed. A failure concerns one of them, and is
        tried again in the next period."""
        now = self._clock.monotonic()
        before, due = self._looked, list[tuple[str, RolloutRun]]()
        self._looked = {}
        for project_id, run in self._comparisons.running():
            key = (project_id, run.place)
            last = before.get(key)
            if last is None or now - last >= run.plan.period_s:
                due.append((project_id, run))
                last = now
            self._looked[key] = last
        each_alone(due, self._decide)

    def _decide(self, found: tuple[str, RolloutRun]) -> None:
        project_id, run = found
        with suppress(NotFound):  # it was ended in between
            decision = self._comparisons.follow(project_id, run)
            if decision.kind is not DecisionKind.WAIT:
                _log.info("Rollout %s: %s. %s", run.place, decision.kind.value, decision.reason)
