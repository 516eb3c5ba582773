"""Rollouts and webhooks in declared configurations, on a real server."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from penstock.entrypoints.cli.declared.exporting import exported
from penstock.entrypoints.cli.declared.model import ObjectAction
from penstock.entrypoints.cli.declared.showing import document_of, lines_of
from penstock.kernel.errors import Conflict, InvalidRequest
from penstock.rules.releases.documents import Release
from tests.entrypoints.cli.declared_desk import Desk, change, fields

A, B, C = (Release(model=f"fixed/{each}").digest() for each in "abc")
PLAN = {"guards": [{"metric": "errors", "margin": 0.01}], "steps": [{"percent": 10}]}
CANARY = {"release": B, "plan": PLAN}
USE_CASE = {"name": "letters", "environments": [{"name": "dev"}, {"name": "live"}]}


@pytest.fixture
def desk(desks: Callable[[], Desk]) -> Desk:
    made = desks()
    made.releases()
    made.apply({"use_cases": [USE_CASE]})
    return made


def rollout(content: dict[str, Any]) -> dict[str, Any]:
    return {"rollouts": [{"use_case": "letters", "environment": "dev"} | content]}


def place(desk: Desk, part: str = "") -> str:
    return f"{desk.project}/rollouts/letters/dev{part}"


def shares(desk: Desk) -> dict[str, int]:
    return {each["release"]: each["weight"] for each in desk.api.get(place(desk))["arms"]}


def seen(desk: Desk) -> dict[str, int]:
    return {"seen": desk.api.get(place(desk))["version"]}


def test_the_first_release_answers_at_once_and_the_next_one_by_its_steps(desk: Desk) -> None:
    desk.apply(rollout({"release": A[:10], "plan": PLAN}))
    assert shares(desk) == {A: 1}
    plan = desk.plan(rollout(CANARY))
    assert fields(plan)["release"] == (A, B)
    assert "with 10 % of the calls" in next(lines_of(plan))
    desk.apply(rollout(CANARY))
    assert shares(desk) == {A: 9000, B: 1000}
    history = desk.api.get(place(desk, "/history"))["items"]
    assert [each["message"] for each in history] == ["penstock apply"] * 2


def test_what_the_rule_or_a_user_has_advanced_is_not_set_back(desk: Desk) -> None:
    desk.apply(rollout({"release": A}))
    desk.apply(rollout(CANARY))
    percents = {"main": 40, B[:12]: 60}
    desk.api.call("PUT", place(desk, "/comparison/shares"), {"percents": percents} | seen(desk))
    assert desk.plan(rollout(CANARY)).pending == ()
    desk.api.call("POST", place(desk, "/comparison/pause"), {})
    assert desk.plan(rollout(CANARY)).pending == ()
    desk.api.call("POST", place(desk, "/comparison/promote"), seen(desk))
    assert desk.plan(rollout(CANARY)).pending == ()
    assert yaml.safe_load(exported(desk.kinds))["rollouts"] == [
        {"use_case": "letters", "environment": "dev", "release": B}
    ]
    desk.apply(rollout({"release": A}))
    assert shares(desk) == {A: 1}


@pytest.mark.parametrize("end", ["/comparison/roll-back", "/undo"])
def test_a_release_that_was_taken_back_does_not_begin_again(desk: Desk, end: str) -> None:
    desk.apply(rollout({"release": A}))
    desk.apply(rollout(CANARY))
    desk.api.call("POST", place(desk, end), seen(desk))
    testers = {"usd_per_day": "1", "release": C} | seen(desk)
    desk.api.call("PUT", place(desk, "/shadow"), testers)
    for again in (CANARY, {"release": B}):
        plan = desk.plan(rollout(again))
        assert plan.pending == ()
        (kept,) = document_of(plan)["kept"]
        assert (kept["kind"], kept["name"]) == ("rollout", "letters/dev")
        assert f"{B[:12]} was taken back; {A[:12]} answers" in next(lines_of(plan))
    desk.apply(rollout({"release": C}))
    assert shares(desk) == {C: 1}
    desk.apply(rollout(CANARY))
    assert shares(desk) == {C: 9000, B: 1000}


def test_a_comparison_that_was_decided_does_not_begin_again(desk: Desk) -> None:
    arms = [{"release": A, "percent": 50, "name": "a"}, {"release": B, "percent": 50}]
    declared = rollout({"arms": arms, "baseline": "a", "sticky": "user"})
    desk.apply(declared)
    other = rollout({"arms": [arms[0] | {"percent": 20}, arms[1] | {"percent": 80}]})
    other["rollouts"][0] |= {"baseline": "a", "sticky": "user", "overrides": {"anna": "a"}}
    since = desk.api.get(place(desk, "/comparison"))
    desk.apply(other)
    assert shares(desk) == {A: 2000, B: 8000}
    now = desk.api.get(place(desk, "/comparison"))
    assert len(now["periods"]) == 2
    assert now["periods"][0] == since["periods"][0]
    assert desk.plan(other).pending == ()
    desk.api.call("POST", place(desk, "/comparison/promote"), seen(desk))
    assert desk.plan(other).pending == ()
    assert "its comparison has ended" in next(lines_of(desk.plan(other)))


def test_another_plan_begins_anew_and_going_back_is_at_once(desk: Desk) -> None:
    desk.apply(rollout({"release": A}))
    desk.apply(rollout(CANARY))
    again = rollout(CANARY | {"plan": PLAN | {"steps": [{"percent": 25}]}})
    assert "begins anew, with 25 %" in next(lines_of(desk.plan(again)))
    desk.apply(again)
    assert shares(desk) == {A: 7500, B: 2500}
    desk.apply(rollout({"release": C, "plan": PLAN}))
    assert shares(desk) == {A: 9000, C: 1000}
    plan = desk.plan(rollout({"release": A, "plan": PLAN}))
    assert change(plan).note == "ends the comparison"
    desk.apply(rollout({"release": A, "plan": PLAN}))
    assert shares(desk) == {A: 1}
    desk.apply(rollout(CANARY))
    assert shares(desk) == {A: 9000, B: 1000}


def test_a_change_of_somebody_else_is_a_conflict_and_pruning_stops(desk: Desk) -> None:
    desk.apply(rollout({"release": A}))
    plan = desk.plan(rollout({"release": B}))
    desk.api.call("PUT", place(desk), {"release": C} | seen(desk))
    with pytest.raises(Conflict, match="you saw 1"):
        desk.apply_made(plan)
    assert shares(desk) == {C: 1}
    assert desk.apply({"rollouts": [], "use_cases": []}, prune=True) == [
        "delete: rollout letters/dev",
        "delete: use case letters",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({}, "either `release` or `arms`"),
        ({"release": "0" * 12}, "no such release|no release"),
        ({"release": A, "sticky": "user"}, "Without `plan`"),
        ({"release": A, "plan": {}}, "needs `steps`"),
        ({"release": A, "plan": {"steps": [{"percent": 10}]}}, "at least one guard metric"),
        ({"release": A, "plan": PLAN | {"rule": "mine"}}, "no such rule"),
        ({"arms": [{"release": A, "percent": 90}], "baseline": "x"}, "sum to 90 percent"),
        ({"release": A, "shadow": {"release": A, "usd_per_day": 1}}, "answers itself"),
        ({"release": A, "environment": "prod"}, "has no environment 'prod'"),
        ({"release": A, "use_case": "other"}, "has no use case 'other'"),
    ],
)
def test_a_rollout_that_cannot_be_is_refused_before_the_first_change(
    desk: Desk, content: dict[str, Any], problem: str
) -> None:
    limit = {"name": "month", "measure": "requests", "amount": 1, "window": "month"}
    with pytest.raises(InvalidRequest, match=rf"(?s)penstock.yaml:\d+: .*({problem})"):
        desk.apply(rollout(content) | {"limits": [limit]})
    assert [noun for noun, _ in desk.plan({}).unmanaged] == ["provider", "use case"]


def test_a_protected_environment_takes_a_release_with_its_evidence_only(desk: Desk) -> None:
    protected = {"name": "live", "protected": True, "role": "admin"}
    desk.apply({"use_cases": [USE_CASE | {"environments": [{"name": "dev"}, protected]}]})
    declared = rollout({"release": A, "environment": "live"})
    with pytest.raises(InvalidRequest, match=r"penstock.yaml:\d+: .*may not enter 'live'"):
        desk.plan(declared)
    evidence = {"kind": "evals", "result": "passed"}
    desk.api.call("POST", f"{desk.project}/releases/{A}/evidence", evidence)
    assert desk.apply(declared) == ["create: rollout letters/live"]


def test_the_secret_of_a_webhook_is_a_reference_and_is_never_exported(desk: Desk) -> None:
    hook = {"url": "https://hooks.example.org/p", "events": ["feedback.received"]}
    old = desk.secret("old", "whsec_" + "b2xk" * 10)
    new = desk.secret("new", "whsec_" + "bmV3" * 10)
    plan = desk.plan({"webhooks": [hook]})
    assert change(plan).note == "its secret: penstock webhook rotate"
    desk.apply({"webhooks": [hook | {"secret": old}]})
    assert desk.plan({"webhooks": [hook]}).pending == ()
    plan = desk.plan({"webhooks": [hook | {"secret": new, "events": []}]})
    assert fields(plan) == {
        "events": (["feedback.received"], []),
        "secret": ("another one", "file:new"),
    }
    assert "bmV3" not in repr(plan) + "\n".join(lines_of(plan))
    desk.apply({"webhooks": [hook | {"secret": new, "events": []}]})
    assert desk.plan({"webhooks": [{"url": hook["url"], "secret": new}]}).pending == ()
    assert yaml.safe_load(exported(desk.kinds))["webhooks"] == [{"url": hook["url"]}]
    wrong = desk.secret("wrong", "sk-0123456789")
    with pytest.raises(InvalidRequest) as caught:
        desk.plan({"webhooks": [hook | {"secret": wrong}]})
    assert "A secret is whsec_ and base64" in caught.value.message
    assert "0123456789" not in caught.value.message
    with pytest.raises(InvalidRequest, match="no reference to a secret"):
        desk.plan({"webhooks": [hook | {"secret": "whsec_" + "bmV3" * 10}]})
    assert change(desk.plan({"webhooks": []}, prune=True)).action is ObjectAction.DELETE
