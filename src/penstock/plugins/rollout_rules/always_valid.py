"""`always_valid`: may be looked at at any time, and is wrong as rarely as the plan states."""

from datetime import datetime

from penstock.rules.rollouts.decision import RolloutDecision, decide
from penstock.rules.rollouts.observations import RolloutObserved
from penstock.rules.rollouts.plan import RolloutPlan
from penstock.spi.rollout_rule import RolloutRule


class AlwaysValid:
    """Implements `RolloutRule`."""

    def decide(
        self, plan: RolloutPlan, observed: RolloutObserved, now: datetime
    ) -> RolloutDecision:
        """Decides by evidence that is valid at any time."""
        return decide(plan, observed, now)


def create() -> RolloutRule:
    """The entry point."""
    return AlwaysValid()
