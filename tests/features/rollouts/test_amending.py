"""Shadows and testers change while releases answer and are compared."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from penstock.features.rollouts.amending import AmendService
from penstock.features.rollouts.model import RolloutAction
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from penstock.rules.rollouts.documents import Rollout, RolloutArm, ShadowArm
from penstock.rules.snapshot.rollouts import RELEASES
from tests.features.releases.released import Released
from tests.features.rollouts.test_comparisons import Compared, columns, compared  # noqa: F401 - fixtures

SHADOW = ShadowArm("", 25.0, Decimal("2.5"))


def amending(released: Released) -> AmendService:
    return AmendService(released.world.identity.context, released.rollouts)


def place(seen: int, environment: str = "dev") -> Rollout:
    return Rollout("support", environment, seen, ())


def shadowed(released: Released, digest: str, seen: int) -> Rollout:
    shadow = replace(SHADOW, release=digest)
    return (
        amending(released)
        .set_shadow(released.editor, released.project, place(seen), shadow, message="see")
        .entry
    )


def test_a_shadow_is_a_change_with_history_and_snapshot(released: Released) -> None:
    first, second = released.release().digest, released.release("gpt-4o").digest
    released.start(first)
    found = shadowed(released, second[:16], 1)
    assert (found.version, found.shadow) == (2, replace(SHADOW, release=second))
    (change, *_) = released.rollouts.history(released.project, "support", "dev", None, 1)
    assert (change.action, change.rollout.shadow) == (RolloutAction.SHADOW, found.shadow)
    assert RELEASES.name(released.project, second) in released.rollouts.documents()
    earlier = released.rollouts.undo(released.editor, released.project, place(2)).entry
    assert (earlier.shadow, earlier.arms) == (None, found.arms)


def test_a_shadow_stays_until_it_answers_itself(released: Released) -> None:
    first, second, third = (
        released.release(each).digest for each in ("support-route", "gpt-4o", "any/other")
    )
    released.start(first)
    shadowed(released, second, 1)
    start = released.rollouts.start
    kept = start(released.editor, released.project, replace(place(2), arms=(RolloutArm(third),)))
    assert kept.entry.shadow is not None
    gone = start(released.editor, released.project, replace(place(3), arms=(RolloutArm(second),)))
    assert gone.entry.shadow is None
    with pytest.raises(Conflict, match="answers calls"):
        shadowed(released, second, 4)
    shadowed(released, first, 4)
    none = amending(released).set_shadow(released.editor, released.project, place(5), None)
    assert (none.entry.shadow, none.entry.arms) == (None, (RolloutArm(second),))


def test_a_shadow_of_another_project_state_is_refused(released: Released) -> None:
    digest = released.release().digest
    other = released.release("gpt-4o").digest
    with pytest.raises(Conflict, match="No release answers"):
        shadowed(released, other, 0)
    released.start(digest)
    with pytest.raises(Conflict, match="version 1"):
        shadowed(released, other, 7)
    with pytest.raises(NotFound):
        shadowed(released, "ab" * 32, 1)
    with pytest.raises(Forbidden):
        amending(released).set_shadow(
            released.editor, released.project, place(0, "production"), SHADOW
        )


def test_a_comparison_goes_on_while_testers_and_shadow_change(compared: Compared) -> None:  # noqa: F811 - the fixture
    run = compared.canary()
    released, service = compared.released, amending(compared.released)
    third = released.release("any/other").digest
    shadowed(released, third, run.version)
    testers = {"ann": "candidate"}
    found = service.set_testers(
        released.editor, compared.project, place(run.version + 1), testers
    ).entry
    now = compared.comparisons.get(compared.project, "support", "dev").entry
    assert (found.overrides, found.shadow is not None) == (testers, True)
    assert (now.version, now.periods, now.step) == (found.version, run.periods, run.step)
    with pytest.raises(InvalidRequest, match="names the arm"):
        service.set_testers(
            released.editor, compared.project, place(found.version), {"ann": "nobody"}
        )
    ended = compared.comparisons.end(
        released.editor, compared.project, place(found.version), RolloutAction.PROMOTE
    )
    assert (ended.entry.overrides, ended.entry.shadow is not None) == ({}, True)
