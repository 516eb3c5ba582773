"""The budgets of the shadows of rollouts: limits of spend by their tag, counted as all others."""

from collections.abc import Iterator
from typing import Final

from penstock.rules.limits.documents import LimitEntry, LimitsSection, Measure
from penstock.rules.limits.index import LimitIndex
from penstock.rules.limits.windows import WindowUnit
from penstock.rules.snapshot import RolloutIndex

SHADOW_TAG: Final = "penstock.shadow"  # of shadow calls: the name of what wanted them


def with_shadow_budgets(
    limits: LimitIndex | None, rollouts: RolloutIndex | None
) -> LimitIndex | None:
    """Returns the limits of a project with the budgets of its shadows."""
    budgets = list(_budgets(rollouts)) if rollouts is not None else []
    if rollouts is None or not budgets:
        return limits
    own = [limit.entry for limit in limits.limits] if limits is not None else []
    return LimitIndex(LimitsSection(rollouts.project_id, (*own, *budgets)))


def _budgets(rollouts: RolloutIndex) -> Iterator[LimitEntry]:
    for environments in rollouts.of_use_case.values():
        for rollout in environments.values():
            if rollout.shadow is not None:
                yield LimitEntry(
                    f"shadow:{rollout.place}",
                    f"shadow of {rollout.place}",
                    Measure.SPEND,
                    rollout.shadow.usd_per_day,
                    WindowUnit.DAY,
                    only={f"tag:{SHADOW_TAG}": (rollout.place,)},
                )
