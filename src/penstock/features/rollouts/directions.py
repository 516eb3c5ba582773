"""Which scores are better, where a plan does not say it."""

from collections.abc import Callable

from msgspec.structs import replace

from penstock.rules.rollouts.plan import BetterScore, Guard, RolloutPlan

HigherIsBetter = Callable[[str, str], bool | None]
"""Returns whether higher values of a project's score are better; `None` if it is not known."""


def directed(plan: RolloutPlan, project_id: str, higher_is_better: HigherIsBetter) -> RolloutPlan:
    """Returns the plan with a direction for each score: the known one, or else higher."""

    def guard(given: Guard) -> Guard:
        if not given.score or given.better:
            return given
        lower = higher_is_better(project_id, given.score) is False
        return replace(given, better=BetterScore.LOWER if lower else BetterScore.HIGHER)

    return replace(plan, guards=tuple(map(guard, plan.guards)))
