"""The job that lets the rules of rollouts decide."""

import logging
from typing import Final

from penstock.features.background import rounds
from penstock.features.rollouts.comparing import ComparisonService
from penstock.kernel.errors import NotFound, PenstockError
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
        running = self._comparisons.running()
        now = self._clock.monotonic()
        before = self._looked
        self._looked = {}
        for project_id, run in running:
            key = (project_id, run.place)
            last = before.get(key)
            due = last is None or now - last >= run.plan.period_s
            self._looked[key] = now if due or last is None else last
            if not due:
                continue
            try:
                decision = self._comparisons.follow(project_id, run)
            except NotFound:  # it was ended in between
                continue
            except PenstockError as failure:
                _log.warning("The rollout %s could not be decided yet: %s", run.place, failure)
                continue
            if decision.kind is not DecisionKind.WAIT:
                _log.info("Rollout %s: %s. %s", run.place, decision.kind.value, decision.reason)
