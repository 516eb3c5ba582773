"""The interface of rules that decide rollouts: wait, go on, promote, pause, roll back.

A rule is pure: clock, telemetry and scores are arguments, so that it can be simulated and each
decision repeated from its record. Rules are entry points of the group `penstock.rollout_rules`:
each names a function without arguments that returns a `RolloutRule`.
"""

from datetime import datetime
from typing import Protocol

from penstock.rules.rollouts.decision import RolloutDecision
from penstock.rules.rollouts.observations import RolloutObserved
from penstock.rules.rollouts.plan import RolloutPlan


class RolloutRule(Protocol):
    """Decides on rollouts."""

    def decide(
        self, plan: RolloutPlan, observed: RolloutObserved, now: datetime
    ) -> RolloutDecision:
        """Returns the decision with its reason and evidence. It waits while telemetry lags more
        than one period."""
        ...
