"""The budget of a rollout's shadow: a limit of spend by its tag, counted as all others."""

from typing import Final

from penstock.rules.limits.documents import LimitEntry, Measure, Otherwise
from penstock.rules.limits.windows import WindowUnit
from penstock.rules.rollouts.documents import Rollout

SHADOW_TAG: Final = "penstock.shadow"  # of shadow calls: the name of what wanted them


def shadow_budget(rollout: Rollout) -> LimitEntry | None:
    """Returns the limit of a day; `None` without a shadow. While its counter cannot be changed, no
    shadow call is sent."""
    if rollout.shadow is None:
        return None
    return LimitEntry(
        f"shadow:{rollout.place}",
        f"shadow of {rollout.place}",
        Measure.SPEND,
        rollout.shadow.usd_per_day,
        WindowUnit.DAY,
        only={f"tag:{SHADOW_TAG}": (rollout.place,)},
        unavailable=Otherwise.REJECT,
    )
