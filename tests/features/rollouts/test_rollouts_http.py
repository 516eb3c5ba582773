"""Use cases, releases and rollouts through the REST API of a real server."""

import pytest

from tests.server.running import Answer, Caller, Server


@pytest.fixture(scope="module", autouse=True)
def _use_case(server: Server) -> None:
    assert call(server, "POST", "use-cases", {"name": "support"}).status == 201


def call(
    server: Server, method: str, path: str, body: object = None, caller: Caller | None = None
) -> Answer:
    address = f"/api/v1/projects/{server.project_id()}/{path}"
    return server.call(method, address, caller or server.root, body)


def test_a_use_case_is_shown_changed_and_removed(server: Server) -> None:
    body = {
        "name": "triage",
        "risk_tier": "high",
        "criteria": [{"name": "correct", "at_least": 0.9}],
        "data_classes": ["names"],
    }
    added = call(server, "POST", "use-cases", body)
    assert added.status == 201
    shown = call(server, "GET", "use-cases/triage").json()
    assert shown == added.json()
    assert [each["name"] for each in shown["environments"]] == ["dev", "staging", "production"]
    assert shown["criteria"] == [
        {"name": "correct", "description": "", "at_least": 0.9, "at_most": None}
    ]
    changed = call(server, "PUT", "use-cases/triage", {"owner": "Ann", "version": 1})
    assert (changed.json()["version"], changed.json()["owner"]) == (2, "Ann")
    stale = call(server, "PUT", "use-cases/triage", {"version": 1})
    assert (stale.status, stale.json()["code"]) == (409, "use_case_changed")
    names = [each["name"] for each in call(server, "GET", "use-cases").json()["items"]]
    assert names == ["support", "triage"]
    assert call(server, "DELETE", "use-cases/triage").status == 204
    assert call(server, "GET", "use-cases/triage").status == 404


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"risk_tier": "huge"},
        {"status": "old"},
        {"environments": [1]},
        {"criteria": [{"name": "x", "at_least": "many"}]},
        {"criteria": [{"name": "x"}]},
        {"unknown": 1},
    ],
)
def test_a_use_case_of_another_form_is_refused(server: Server, change: dict[str, object]) -> None:
    answer = call(server, "POST", "use-cases", {"name": "odd"} | change)
    assert answer.status in {400, 422}


def test_the_way_of_a_release(server: Server) -> None:
    first = call(server, "POST", "releases", {"model": "mine/a", "parameters": {"seed": 1}})
    assert first.status == 201
    digest = first.json()["digest"]
    again = call(server, "POST", "releases", {"model": "mine/a", "parameters": {"seed": 1}})
    assert (again.status, again.json()) == (200, first.json())
    second = call(server, "POST", "releases", {"model": "mine/b"}).json()["digest"]
    place = "rollouts/support/dev"
    started = call(server, "PUT", place, {"release": digest[:12], "seen": 0, "message": "go"})
    assert started.json()["arms"] == [{"name": "main", "release": digest, "weight": 1}]
    stale = call(server, "PUT", place, {"release": second, "seen": 0})
    assert (stale.status, stale.json()["code"]) == (409, "rollout_changed")
    assert call(server, "PUT", place, {"release": second, "seen": 1}).json()["version"] == 2
    restored = call(server, "POST", f"{place}/undo", {"seen": 2}).json()
    assert (restored["version"], restored["arms"][0]["release"]) == (3, digest)
    lineage = call(server, "GET", f"releases/{digest}/lineage").json()
    assert lineage["rollouts"] == [{"use_case": "support", "environment": "dev"}]
    assert lineage["contains"] == [{"kind": "model", "part": "mine/a", "title": ""}]
    history = call(server, "GET", f"{place}/history?limit=2").json()
    assert [(each["action"], each["restored"]) for each in history["items"]] == [
        ("undo", 1),
        ("start", 0),
    ]
    rest = call(server, "GET", f"{place}/history?cursor={history['next_cursor']}").json()
    assert [each["message"] for each in rest["items"]] == ["go"]
    assert call(server, "DELETE", "use-cases/support").json()["code"] == "use_case_in_use"
    assert call(server, "DELETE", f"{place}?seen=3").json()["arms"] == []
    assert call(server, "GET", "rollouts").json()["items"] == []


@pytest.mark.parametrize(
    "plan",
    [
        {"guards": [{"metric": "errors", "margin": 1}]},
        {"guards": [{"metric": "errors", "ratio": 101}]},
        {"guards": [{"metric": "errors", "minimum": 0}]},
        {"guards": [{"metric": "slow", "limit": 10**9}]},
        {"guards": [{"metric": "score", "score": "x" * 101}]},
        {"guards": [{"metric": "errors"}] * 11},
        {"steps": [{"percent": 100}]},
        {"steps": [{"percent": 5, "hold_s": -1}]},
        {"wrong_rollbacks": 0.6},
        {"period_s": 0},
        {"rule": ""},
        {"unknown": 1},
    ],
)
def test_a_field_of_a_plan_beyond_its_bounds_is_named(
    server: Server, plan: dict[str, object]
) -> None:
    body = {"release": "a" * 64, "seen": 0, "plan": plan}
    answer = call(server, "POST", "rollouts/support/dev/canary", body)
    assert (answer.status, answer.json()["param"].split(".")[1:3]) == (
        422,
        ["plan", next(iter(plan))],
    )


def test_releases_are_listed_by_page_and_by_part(server: Server) -> None:
    made = [
        call(server, "POST", "releases", {"model": f"mine/{name}"}).json()["digest"]
        for name in "xyz"
    ]
    page = call(server, "GET", "releases?limit=2").json()
    found = [each["digest"] for each in page["items"]]
    while page["next_cursor"]:
        page = call(server, "GET", f"releases?limit=2&cursor={page['next_cursor']}").json()
        found += [each["digest"] for each in page["items"]]
    assert set(made) <= set(found)
    assert len(found) == len(set(found))
    only = call(server, "GET", "releases?model=mine/y").json()["items"]
    assert [each["digest"] for each in only] == [made[1]]
    assert call(server, "GET", "releases?cursor=AAAA").status == 400


def test_what_viewers_and_editors_may_do(server: Server, viewer: Caller, editor: Caller) -> None:
    body = {"model": "mine/of-editor"}
    assert call(server, "POST", "releases", body, viewer).status == 403
    digest = call(server, "POST", "releases", body, editor).json()["digest"]
    assert call(server, "GET", f"releases/{digest}", caller=viewer).status == 200
    start = {"release": digest, "seen": 0}
    assert call(server, "PUT", "rollouts/support/staging", start, viewer).status == 403
    refused = call(server, "PUT", "rollouts/support/production", start, editor)
    assert (refused.status, refused.json()["code"]) == (403, "environment_protected")
    assert call(server, "PUT", "rollouts/support/staging", start, editor).status == 200


def test_a_rollout_shows_its_testers_and_the_comparison_that_runs(server: Server) -> None:
    first, second = (
        call(server, "POST", "releases", {"model": f"mine/{name}"}).json()["digest"]
        for name in ("compared", "beside")
    )
    call(server, "POST", "use-cases", {"name": "compared"})
    place = "rollouts/compared/dev"
    call(server, "PUT", place, {"release": first, "seen": 0})
    plan = {"steps": [{"percent": 10}], "guards": [{"metric": "errors", "margin": 0.1}]}
    body = {"release": second, "name": "new", "seen": 1, "plan": plan, "sticky": "user"}
    begun = call(server, "POST", f"{place}/canary", body | {"overrides": {"ada": "new"}})
    assert begun.status == 201
    shown = call(server, "GET", place).json()
    assert (shown["sticky"], shown["baseline"]) == ("user", "main")
    assert shown["overrides"] == {"ada": "new"}
    assert call(server, "GET", "rollouts/comparisons").json()["items"] == [begun.json()]
    assert call(server, "POST", f"{place}/comparison/promote", {"seen": 2}).status == 200
    assert call(server, "GET", "rollouts/comparisons").json()["items"] == []


def test_an_online_evaluation_says_of_which_scores_less_is_better(server: Server) -> None:
    first, second = (
        call(server, "POST", "releases", {"model": f"mine/{name}"}).json()["digest"]
        for name in ("guarded", "rude")
    )
    call(server, "POST", "use-cases", {"name": "guarded"})
    evaluators = [{"kind": "latency", "name": "waiting"}, {"kind": "length", "name": "short"}]
    rule = {"evaluators": [evaluators[0], evaluators[1] | {"options": {"most": 400}}]}
    assert call(server, "PUT", "online-evaluations/waits", rule).status == 200
    place = "rollouts/guarded/dev"
    call(server, "PUT", place, {"release": first, "seen": 0})
    given = [("waiting", None), ("short", None), ("unknown", None), ("said", "lower")]
    guards = [{"metric": "score", "score": name, "better": better} for name, better in given]
    plan = {"steps": [{"percent": 10}], "guards": guards}
    begun = call(server, "POST", f"{place}/canary", {"release": second, "seen": 1, "plan": plan})
    found = [each["better"] for each in begun.json()["plan"]["guards"]]
    assert found == ["lower", "higher", "higher", "lower"]


def test_a_shadow_and_testers_over_rest(server: Server) -> None:
    assert call(server, "POST", "use-cases", {"name": "copied", "status": "active"}).status == 201
    first, second = (
        call(server, "POST", "releases", {"model": "mine/x", "parameters": {"seed": at}}).json()[
            "digest"
        ]
        for at in (41, 42)
    )
    path = "rollouts/copied/dev"
    assert call(server, "PUT", path, {"release": first, "seen": 0}).status == 200
    shadow = {"release": second, "percent": 5, "usd_per_day": "1.50", "seen": 1}
    done = call(server, "PUT", f"{path}/shadow", shadow)
    assert done.status == 200, done.body
    assert done.json()["shadow"] == {
        "release": second,
        "percent": 5.0,
        "usd_per_day": "1.50",
        "max_calls": 4,
    }
    report = call(server, "GET", f"{path}/shadow?days=3").json()
    assert (report["release"], report["pairs"], report["latest"]) == (second, 0, [])
    for wrong in ({"percent": 0}, {"usd_per_day": 0}, {"max_calls": 99}, {"usd_per_day": "1e9"}):
        assert call(server, "PUT", f"{path}/shadow", shadow | wrong).status == 422
    stale = call(server, "DELETE", f"{path}/shadow?seen=1")
    assert (stale.status, stale.json()["code"]) == (409, "rollout_changed")
    assert call(server, "DELETE", f"{path}/shadow?seen=2").json()["shadow"] is None
    assert call(server, "GET", f"{path}/shadow").status == 404
    testers = call(server, "PUT", f"{path}/testers", {"overrides": {"ann": "main"}, "seen": 3})
    assert (testers.status, testers.json()["code"]) == (400, "rollout_invalid")
