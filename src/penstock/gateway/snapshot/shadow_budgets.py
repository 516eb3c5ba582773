"""The limits of a project with the budgets of the shadows of its rollouts."""

from penstock.rules.limits.documents import LimitsSection
from penstock.rules.limits.index import LimitIndex
from penstock.rules.rollouts.shadow_budget import shadow_budget
from penstock.rules.snapshot.rollouts import RolloutIndex


def with_shadow_budgets(
    limits: LimitIndex | None, rollouts: RolloutIndex | None
) -> LimitIndex | None:
    """Returns the limits of a project with the budgets of its shadows."""
    if rollouts is None:
        return limits
    found = [
        budget
        for environments in rollouts.of_use_case.values()
        for rollout in environments.values()
        if (budget := shadow_budget(rollout)) is not None
    ]
    if not found:
        return limits
    own = [limit.entry for limit in limits.limits] if limits is not None else []
    return LimitIndex(LimitsSection(rollouts.project_id, (*own, *found)))
