"""Rollouts: which release answers, changed by those who saw the present one, and taken back."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.features.rollouts.store import METADATA
from penstock.features.use_cases.model import UseCaseStatus
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from penstock.rules.rollouts.documents import Rollout, RolloutArm
from penstock.rules.snapshot.rollouts import RolloutsSection
from tests.features.catalog.test_tables import differences
from tests.features.releases.released import Released


def test_the_tables_are_the_declared_ones(released: Released) -> None:
    assert differences(released.world, METADATA) == []


def undo(released: Released, seen: int, environment: str = "dev") -> Rollout:
    wanted = Rollout("support", environment, seen, ())
    return released.rollouts.undo(released.editor, released.project, wanted).entry


def stop(released: Released, seen: int) -> Rollout:
    wanted = Rollout("support", "dev", seen, ())
    return released.rollouts.stop(released.editor, released.project, wanted).entry


def test_a_change_needs_the_version_that_is_there(released: Released) -> None:
    first, second = released.release(), released.release("gpt-4o")
    assert released.start(first.digest[:10]).arms == (RolloutArm(first.digest),)
    for seen in (0, 2):
        with pytest.raises(Conflict) as caught:
            released.start(second.digest, seen)
        assert caught.value.code == "rollout_changed"
        assert "version 1" in caught.value.message
    assert released.start(second.digest, 1).version == 2
    changes = released.rollouts.history(released.project, "support", "dev", None, 10)
    assert [(each.rollout.version, each.action, each.author) for each in changes] == [
        (2, "start", "eve@example.org"),
        (1, "start", "eve@example.org"),
    ]


def test_only_the_role_of_the_environment_changes_it(released: Released) -> None:
    made = released.release()
    with pytest.raises(Forbidden) as caught:
        released.start(made.digest, environment="production")
    assert caught.value.code == "environment_protected"
    admin = released.world.admin
    released.passes(made.digest)
    assert released.start(made.digest, environment="production", actor=admin).version == 1
    with pytest.raises(Forbidden):
        undo(released, 1, "production")
    with pytest.raises(NotFound, match="no environment"):
        released.start(made.digest, environment="test")


def test_a_retired_use_case_takes_no_release_and_can_be_stopped(released: Released) -> None:
    made = released.release()
    released.start(made.digest)
    entry = released.use_cases.get(released.project, "support").entry
    retired = replace(entry, status=UseCaseStatus.RETIRED)
    released.use_cases.replace(released.editor, released.project, retired, of_version=None)
    with pytest.raises(Conflict) as caught:
        released.start(made.digest, 1)
    assert caught.value.code == "use_case_retired"
    assert stop(released, 1).arms == ()


def test_undo_takes_back_one_change_after_the_other(released: Released) -> None:
    a, b, c = (released.release(model) for model in ("gpt-4o", "any/b", "any/c"))
    with pytest.raises(NotFound):
        undo(released, 0)
    for seen, made in enumerate((a, b, c)):
        released.start(made.digest, seen)
    assert undo(released, 3).arms[0].release == b.digest
    assert undo(released, 4).arms[0].release == a.digest
    with pytest.raises(InvalidRequest) as caught:
        undo(released, 5)
    assert caught.value.code == "nothing_to_undo"
    stop(released, 5)
    assert undo(released, 6).arms[0].release == a.digest
    changes = released.rollouts.history(released.project, "support", "dev", None, 3)
    assert [(each.action, each.restored) for each in changes] == [
        ("undo", 1),
        ("stop", 0),
        ("undo", 1),
    ]
    with pytest.raises(Conflict):
        undo(released, 6)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["gpt-4o", "any/b", "any/c", "stop", "undo"]), max_size=12))
def test_undo_is_that_of_a_stack(released: Released, steps: list[str]) -> None:
    """Whatever happens, an undo brings back what a stack of contents has below its top."""
    history = released.rollouts.history(released.project, "support", "dev", None, 1)
    version = history[0].rollout.version if history else 0
    base = released.release("any/base").digest
    version = released.start(base, version).version
    stack: list[tuple[str, ...]] = [(base,)]
    for step in steps:
        if step == "undo":
            if len(stack) == 1:
                continue
            found = undo(released, version)
            stack.pop()
        elif step == "stop":
            found = stop(released, version)
            stack.append(())
        else:
            made = released.release(step).digest
            found = released.start(made, version)
            stack.append((made,))
        version = found.version
        assert tuple(arm.release for arm in found.arms) == stack[-1]


def test_the_snapshot_has_what_rollouts_reach_and_nothing_else(released: Released) -> None:
    served = released.release(prompt=released.prompt)
    released.release("gpt-4o")
    assert released.rollouts.documents() == {}
    released.start(served.digest)
    found = released.rollouts.documents()
    names = [f"{released.project}/rollouts", f"{released.project}/releases/{served.digest}"]
    assert list(found) == names
    assert found[names[0]] == RolloutsSection(
        released.project, (Rollout("support", "dev", 1, (RolloutArm(served.digest),)),)
    )
    again = released.rollouts.documents()
    assert again[names[1]] is found[names[1]]
    stop(released, 1)
    assert released.rollouts.documents() == {}
