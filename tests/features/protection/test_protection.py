"""A protected environment takes a release with passed evidence on its hash, and gives it back at
any time."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from penstock.features.access import Principal, Role
from penstock.features.protection.model import MAX_EVIDENCE
from penstock.features.protection.store import EVIDENCE, METADATA
from penstock.features.rollouts.measures import RolloutMeasures
from penstock.features.rollouts.model import RolloutAction
from penstock.features.rollouts.runs import RunStatus
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from penstock.rules.releases.documents import Release
from penstock.rules.rollouts.decision import DecisionKind, RolloutDecision
from penstock.rules.rollouts.documents import RolloutArm
from penstock.rules.rollouts.observations import RolloutObserved
from penstock.rules.rollouts.plan import RolloutPlan
from tests.features.catalog.test_tables import differences
from tests.features.protection.conftest import Protected, closed


def test_the_tables_are_the_declared_ones(protected: Protected) -> None:
    assert differences(protected.released.world, METADATA) == []


def test_without_evidence_a_start_is_refused_with_what_is_missing(protected: Protected) -> None:
    made = protected.release()
    with pytest.raises(Conflict) as caught:
        protected.start(made)
    assert caught.value.code == "evidence_missing"
    assert "no passed evidence" in caught.value.message
    assert f"penstock release evidence {made[:12]} --kind KIND" in caught.value.hint
    assert protected.running() == {}
    assert protected.released.start(made).version == 1  # `dev` is not protected
    protected.evidence(made)
    assert protected.start(made).arms == (RolloutArm(made),)
    assert protected.audited("release.evidence") == ["release.evidence"]


def test_evidence_is_on_one_hash_only(protected: Protected) -> None:
    protected.evidence(protected.release("gpt-4o"))
    assert protected.codes(protected.release("any/b")) == ["evidence_missing"]


def test_the_newest_of_each_kind_counts(protected: Protected) -> None:
    made = protected.release()
    protected.evidence(made)
    protected.evidence(made, "unmeasurable")  # nothing was found out
    assert protected.codes(made) == []
    protected.evidence(made, "failed", "safety")
    assert protected.codes(made) == ["evidence_failed"]
    protected.evidence(made, "passed", "safety")
    protected.evidence(made, "failed")
    protected.evidence(made, "unmeasurable")
    assert protected.codes(made) == ["evidence_failed"]
    with pytest.raises(Conflict, match="'evals' failed"):
        protected.start(made)
    protected.evidence(made)
    assert protected.codes(made) == []
    found = protected.released.evidence.list(protected.project, made[:8], None, 3)
    assert [(each.number, each.result, each.kind) for each in found] == [
        (7, "passed", "evals"),
        (6, "unmeasurable", "evals"),
        (5, "failed", "evals"),
    ]


def test_evidence_expires(protected: Protected) -> None:
    made = protected.release()
    now_ms = protected.released.world.identity.context.now_ms()
    protected.evidence(made, expires_ms=now_ms + 10**8)
    assert protected.codes(made) == []
    context = protected.released.world.identity.context
    later = protected.released.admission
    later._context = replace(context, clock=_Later())
    assert protected.codes(made) == ["evidence_expired"]


class _Later:
    def now_ns(self) -> int:
        return 2**62

    def monotonic(self) -> float:
        return 0.0


def test_an_environment_names_the_kinds_that_it_demands(protected: Protected) -> None:
    made = protected.release()
    protected.evidence(made, kind="smoke")
    protected.change(evidence=("evals", "safety"))
    assert protected.codes(made) == ["evidence_missing", "evidence_missing"]
    assert "'safety'" in protected.missing(made)[1].message
    protected.evidence(made)
    protected.evidence(made, kind="safety")
    assert protected.codes(made) == []
    with pytest.raises(InvalidRequest):
        protected.change(protected=False)  # and yet it demands evidence
    with pytest.raises(InvalidRequest):
        protected.change(evidence=("Evals!",))


@pytest.mark.parametrize(
    ("result", "kind", "fields"),
    [
        ("passed", "", {}),
        ("passed", "Evals", {}),
        ("passed", "evals", {"run": "line\nbreak"}),
        ("passed", "evals", {"expires_ms": 1}),
        ("failed", "evals", {"expires_ms": 2**50}),
    ],
)
def test_evidence_that_is_not_valid_is_refused(
    protected: Protected, result: str, kind: str, fields: dict[str, object]
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        protected.evidence(protected.release(), result, kind, **fields)
    assert caught.value.code == "evidence_invalid"


def test_the_evidence_on_a_release_is_bounded(protected: Protected) -> None:
    made = protected.release()
    protected.evidence(made)
    with protected.released.world.database.write() as tx:
        tx.connection.execute(EVIDENCE.update().values(number=MAX_EVIDENCE))
    with pytest.raises(InvalidRequest, match="at most"):
        protected.evidence(made)


def test_going_back_needs_nothing(protected: Protected) -> None:
    a, b = protected.release("gpt-4o"), protected.release("any/b")
    for made in (a, b):
        protected.evidence(made)
        protected.start(made)
    for made in (a, b):
        protected.evidence(made, "failed")
    assert protected.undo().arms[0].release == a
    protected.stop()
    assert protected.undo().arms[0].release == a
    with pytest.raises(Conflict):
        protected.start(b)


def test_undo_brings_nothing_back_that_was_there_before_the_protection(
    protected: Protected,
) -> None:
    protected.change(protected=False)
    old, new = protected.release("gpt-4o"), protected.release("any/b")
    protected.start(old)
    protected.start(new)
    with pytest.raises(Conflict) as caught:
        protected.change(protected=True)
    assert "runs in" in caught.value.message
    protected.evidence(new)
    protected.change(protected=True)
    with pytest.raises(Conflict) as caught:
        protected.undo()
    assert caught.value.code == "evidence_missing"
    assert protected.running() == {new: 1}
    protected.evidence(old)
    assert protected.undo().arms[0].release == old


def test_a_canary_and_its_way_up_are_guarded_and_its_way_back_is_not(protected: Protected) -> None:
    a, b = protected.release("gpt-4o"), protected.release("any/b")
    protected.evidence(a)
    protected.start(a)
    protected.evidence(a, "failed")  # what runs goes on running
    with pytest.raises(Conflict):
        protected.canary(b)
    protected.evidence(b)
    protected.canary(b)
    protected.evidence(b, "failed")
    with pytest.raises(Conflict):
        protected.comparisons.weigh(
            protected.admin, protected.project, protected.at(), {"main": 50.0, "candidate": 50.0}
        )
    with pytest.raises(Conflict):
        protected.comparisons.end(
            protected.admin, protected.project, protected.at(), RolloutAction.PROMOTE
        )
    protected.comparisons.weigh(
        protected.admin, protected.project, protected.at(), {"main": 99.0, "candidate": 1.0}
    )
    end = protected.comparisons.end(
        protected.admin, protected.project, protected.at(), RolloutAction.ROLL_BACK
    )
    assert end.entry.arms[0].release == a


def test_an_arm_without_a_share_is_guarded_too(protected: Protected) -> None:
    """Testers could reach it."""
    a, b = protected.release("gpt-4o"), protected.release("any/b")
    protected.evidence(a)
    arms = (RolloutArm(a, 10_000, "a"), RolloutArm(b, 0, "b"))
    wanted = msgspec.structs.replace(protected.at(*arms), baseline="a")
    with pytest.raises(Conflict):
        protected.comparisons.begin(protected.admin, protected.project, wanted, RolloutPlan())
    protected.evidence(b)
    protected.comparisons.begin(protected.admin, protected.project, wanted, RolloutPlan())
    assert protected.running() == {a: 10_000, b: 0}


class Eager:
    """A rule that always goes on."""

    def decide(self, *_: object) -> RolloutDecision:
        return RolloutDecision(DecisionKind.ADVANCE, "candidate", "Its time is over.")


class Unmeasured(RolloutMeasures):
    """No calls yet."""

    def observe(self, *_: object) -> RolloutObserved:
        now = datetime.now(UTC)
        return RolloutObserved("main", (), now, now, 0, {})


def test_the_rule_pauses_instead_of_promoting_what_has_failed(protected: Protected) -> None:
    a, b = protected.release("gpt-4o"), protected.release("any/b")
    for made in (a, b):
        protected.evidence(made)
    protected.start(a)
    protected.canary(b)
    protected.evidence(b, "failed")

    protected.comparisons._rule = lambda name: Eager()
    protected.comparisons._measures = Unmeasured(closed)
    run = protected.comparisons.get(protected.project, "support", "production").entry
    decision = protected.comparisons.follow(protected.project, run)
    assert decision.kind is DecisionKind.PAUSE
    after = protected.comparisons.get(protected.project, "support", "production").entry
    assert after.status is RunStatus.PAUSED
    assert "'evals' failed" in after.note
    assert after.step == 0


def test_a_use_case_of_high_risk_needs_an_approval_of_another_member(protected: Protected) -> None:
    protected.change("high")
    made = protected.release()
    protected.evidence(made)
    assert protected.codes(made) == ["approval_missing"]
    with pytest.raises(Conflict) as state:
        protected.approval(made, "approve", protected.second)
    assert state.value.code == "approval_state"
    assert protected.approval(made, "request", protected.author) == "requested"
    with pytest.raises(Forbidden) as caught:
        protected.approval(made, "approve", protected.author)
    assert caught.value.code == "approver_is_author"
    assert protected.codes(made) == ["approval_missing"]
    assert protected.approval(made, "approve", protected.second) == "approved"
    assert protected.codes(made, protected.second) == ["approver_starts"]
    with pytest.raises(Conflict, match="approved it yourself"):
        protected.start(made, protected.second)
    assert protected.codes(made, protected.admin) == []
    assert protected.approval(made, "withdraw", protected.author) == "withdrawn"
    with pytest.raises(Conflict, match="withdrawn"):
        protected.start(made)
    protected.approval(made, "request", protected.author)
    assert protected.approval(made, "reject", protected.second) == "rejected"
    protected.approval(made, "request", protected.author)
    protected.approval(made, "approve", protected.second)
    assert protected.start(made).version == 1
    assert protected.audited("approval.")[:3] == [
        "approval.request",
        "approval.approve",
        "approval.withdraw",
    ]


def test_a_key_stands_for_those_who_had_its_secret(protected: Protected) -> None:
    protected.change("high")
    key = Principal(
        "key", "key_1", "ci", {protected.project: Role.ADMIN}, issuers=frozenset({"usr_4"})
    )
    made, _ = protected.released.releases.create(
        key, protected.project, protected.released.release("any/c").release
    )
    other = Principal("user", "usr_9", "x@example.org", {protected.project: Role.ADMIN})
    digest = made.digest
    protected.evidence(digest)
    protected.approval(digest, "request", other)
    protected.approval(digest, "approve", protected.second)  # usr_4, who did not make this one
    assert protected.codes(digest, key) == ["approver_starts"]
    assert protected.codes(digest, other) == []


def test_the_approver_of_a_release_made_by_a_key_is_not_who_had_the_key(
    protected: Protected,
) -> None:
    key = Principal(
        "key", "key_1", "ci", {protected.project: Role.ADMIN}, issuers=frozenset({"usr_4"})
    )
    made, _ = protected.released.releases.create(key, protected.project, Release("any/d"))
    protected.approval(made.digest, "request", key)
    with pytest.raises(Forbidden):
        protected.approval(made.digest, "approve", protected.second)
    assert protected.approval(made.digest, "approve", protected.admin) == "approved"


def test_a_stricter_rule_is_refused_while_what_runs_does_not_meet_it(protected: Protected) -> None:
    made = protected.release()
    protected.evidence(made)
    protected.start(made)
    for change in ({"tier": "high"}, {"evidence": ("safety",)}):
        with pytest.raises(Conflict, match="runs in"):
            protected.change(**change)
    protected.approval(made, "request", protected.author)
    protected.approval(made, "approve", protected.second)
    protected.change("high")
    protected.change("minimal")


def test_only_who_may_change_a_protected_environment_lowers_the_risk_tier(
    protected: Protected,
) -> None:
    protected.change("high")
    admin, protected.admin = protected.admin, protected.author
    with pytest.raises(Forbidden):
        protected.change("minimal")
    protected.admin = admin
    protected.change("minimal")


def test_what_does_not_exist_is_said(protected: Protected) -> None:
    made = protected.release()
    with pytest.raises(NotFound):
        protected.evidence("f" * 64)
    with pytest.raises(NotFound):
        protected.released.admission.missing(
            protected.project, ("support", "moon"), made, protected.admin
        )
    with pytest.raises(NotFound):
        protected.released.admission.missing(
            protected.project, ("none", "production"), made, protected.admin
        )
