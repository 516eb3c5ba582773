"""Changes of a rollout that move no traffic: its shadow, and the arms of testers.

A comparison goes on through them: who is compared, and since when, stays the same.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.rollouts.model import RolloutAction, StoredRollout
from penstock.features.rollouts.runs import StoredRun, check_arms
from penstock.features.rollouts.service import ChangeBy, RolloutService
from penstock.features.rollouts.store import ROLLOUTS, RUNS
from penstock.kernel.errors import Conflict
from penstock.rules.rollouts.documents import Rollout, RolloutArm, ShadowArm

Amend = Callable[[Rollout], Rollout]


class AmendService:
    """Use cases of such changes. `wanted.version` is the one that the actor saw, as for all
    changes. Raises as `RolloutService.start`."""

    def __init__(self, context: Context, rollouts: RolloutService) -> None:
        self._context = context
        self._rollouts = rollouts

    def set_shadow(
        self,
        actor: Principal,
        project_id: str,
        wanted: Rollout,
        shadow: ShadowArm | None,
        *,
        message: str = "",
    ) -> StoredRollout:
        """Makes a release answer copies of calls; `None` ends it. It needs no evidence: its
        answers go to nobody."""
        self._rollouts.require_allowed(actor, project_id, wanted, starts=shadow is not None)
        found = shadow
        if shadow is not None:
            (arm,) = self._rollouts.servable(project_id, (RolloutArm(shadow.release),))
            found = replace(shadow, release=arm.release)
        by = ChangeBy(actor, project_id, RolloutAction.SHADOW, message)
        return self._amend(by, wanted, lambda present: _with_shadow(present, found))

    def set_testers(
        self,
        actor: Principal,
        project_id: str,
        wanted: Rollout,
        overrides: Mapping[str, str],
        *,
        message: str = "",
    ) -> StoredRollout:
        """Sets the arms of testers. What they meet takes no part in comparisons."""
        self._rollouts.require_allowed(actor, project_id, wanted, starts=True)
        by = ChangeBy(actor, project_id, RolloutAction.TESTERS, message)

        def amend(present: Rollout) -> Rollout:
            changed = replace(present, overrides=dict(overrides))
            check_arms(changed)
            return changed

        return self._amend(by, wanted, amend)

    def _amend(self, by: ChangeBy, wanted: Rollout, amend: Amend) -> StoredRollout:
        project_id, place = by.project_id, wanted.place
        with self._context.database.write() as tx:
            found = ROLLOUTS.find(tx.connection, project_id, place)
            if found is None or not found.entry.arms:
                raise Conflict(
                    f"No release answers {place!r}.",
                    hint="Start one: penstock rollout start USE_CASE RELEASE",
                    code="rollout_stopped",
                )
            present = found.entry
            changed = replace(amend(present), version=wanted.version)
            after = self._rollouts.change(tx, by, changed)
            run = RUNS.find(tx.connection, project_id, place)
            if run is not None and run.entry.version == present.version:
                entry = replace(run.entry, version=after.entry.version)
                RUNS.save(tx.connection, StoredRun(project_id, entry, after.updated_ms))
        return after


def _with_shadow(present: Rollout, shadow: ShadowArm | None) -> Rollout:
    if shadow is not None and any(each.release == shadow.release for each in present.arms):
        raise Conflict(
            f"The release {shadow.release[:12]} answers calls of {present.place!r} itself.",
            hint="Name another release, or end the comparison.",
            code="shadow_answers",
            param="release",
        )
    return replace(present, shadow=shadow)
