"""Evaluation schedules through the REST API of a real server."""

from typing import Any

from tests.server.running import Answer, Caller, Server

BODY: dict[str, Any] = {
    "dataset": "faq",
    "target": {"output_field": "out"},
    "cron": " 0 6  * * 1-5",
    "time_zone": "Europe/Berlin",
    "triggers": [{"event": "dataset_version"}],
    "evaluators": [{"kind": "length", "name": "short", "options": {"most": 400}}],
    "budget_usd": 5,
}


def call(
    server: Server, method: str, path: str, body: object = None, who: Caller | None = None
) -> Answer:
    address = f"/api/v1/projects/{server.project_id()}/evaluation-schedules{path}"
    return server.call(method, address, who or server.root, body)


def test_a_schedule_is_set_shown_switched_started_and_removed(server: Server) -> None:
    made = call(server, "PUT", "/nightly", BODY).json()
    assert (made["state"], made["cron"], made["version"]) == ("waiting", "0 6 * * 1-5", None)
    assert made["next_at"].endswith(":00:00Z")
    assert made["triggers"] == [{"event": "dataset_version", "name": "", "label": ""}]
    (listed,) = call(server, "GET", "").json()["items"]
    assert (listed["name"], listed["last"], listed["spent_usd"]) == ("nightly", None, 0)
    off = call(server, "PATCH", "/nightly", {"enabled": False}).json()
    assert (off["state"], off["next_at"]) == ("paused", None)
    refused = call(server, "POST", "/nightly/start", {})
    assert refused.status == 404  # no dataset
    assert call(server, "GET", "/nightly/starts").json() == {"items": []}
    assert call(server, "DELETE", "/nightly").status == 204
    gone = call(server, "GET", "/nightly")
    assert (gone.status, gone.json()["code"]) == (404, "evaluation_schedule_not_found")


def test_a_wrong_schedule_is_refused(server: Server, viewer: Caller) -> None:
    for change, status in (
        ({"cron": "* * * * *"}, 400),
        ({"cron": "0 " * 80}, 422),
        ({"time_zone": "Nowhere"}, 400),
        ({"cron": "", "triggers": []}, 400),
        ({"target": {}}, 400),
        ({"target": {"model": "m", "output_field": "out"}}, 400),
        ({"triggers": [{"event": "full_moon"}]}, 422),
        ({"triggers": [{"event": "release"}] * 11}, 422),
        ({"evaluators": [{"kind": "magic"}]}, 404),
        ({"budget_usd": -1}, 422),
        ({"unknown": 1}, 422),
    ):
        answer = call(server, "PUT", "/wrong", {**BODY, **change})
        assert answer.status == status, (change, answer.body)
    assert call(server, "PUT", "/No", BODY).status == 400
    assert call(server, "PUT", "/answers", BODY, viewer).status == 403
    assert call(server, "POST", "/answers/start", {}, viewer).status == 403
    assert call(server, "GET", "", who=viewer).status == 200


def test_of_two_users_who_edit_a_schedule_the_second_sees_who_was_first(
    server: Server, editor: Caller
) -> None:
    first = call(server, "PUT", "/shared", {**BODY, "revision": ""}).json()
    taken = call(server, "PUT", "/shared", {**BODY, "revision": ""})
    assert (taken.status, "exists already: it was set by" in taken.json()["detail"]) == (409, True)
    seen = {"revision": first["revision"]}
    changed = call(server, "PUT", "/shared", {**BODY, **seen, "budget_usd": 7}, editor)
    assert changed.status == 200
    late = call(server, "PUT", "/shared", {**BODY, **seen}).json()
    assert (late["status"], late["code"]) == (409, "evaluation_schedule_changed")
    assert f": it was changed by {changed.json()['author']} at 20" in late["detail"]
    present = call(server, "GET", "/shared").json()
    assert (present["budget_usd"], present["revision"]) == (7, changed.json()["revision"])
    assert call(server, "PUT", "/shared", BODY).status == 200  # scripts name no revision
    assert call(server, "DELETE", "/shared").status == 204
    assert "was removed by" in call(server, "PUT", "/shared", {**BODY, **seen}).json()["detail"]
