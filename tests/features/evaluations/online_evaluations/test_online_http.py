"""Online evaluations through the REST API of a real server."""

from typing import Any

from tests.server.running import Answer, Caller, Server

BODY: dict[str, Any] = {
    "filter": {"only": {"use_case": ["support"]}, "tags": {"plan": ["gold"]}},
    "evaluators": [{"kind": "length", "name": "short", "options": {"most": 400}}],
    "share": 0.25,
}


def call(
    server: Server, method: str, path: str, body: object = None, who: Caller | None = None
) -> Answer:
    address = f"/api/v1/projects/{server.project_id()}/online-evaluations{path}"
    return server.call(method, address, who or server.root, body)


def test_an_online_evaluation_is_set_shown_switched_and_removed(server: Server) -> None:
    made = call(server, "PUT", "/answers", BODY).json()
    assert (made["version"], made["enabled"], made["share"]) == (1, True, 0.25)
    assert made["evaluators"][0] == {"name": "short", "kind": "length", "options": {"most": 400}}
    assert made["filter"]["only"] == {"use_case": ["support"]}
    listed = {each["name"]: each for each in call(server, "GET", "").json()["items"]}["answers"]
    assert (listed["counts"]["eligible"], listed["waiting"]) == (0, 0)
    off = call(server, "PATCH", "/answers", {"enabled": False}).json()
    assert (off["enabled"], off["version"]) == (False, 2)
    figures = call(server, "GET", "/answers/figures").json()
    assert (figures["total"]["counts"]["drawn"], figures["series"]) == (0, [])
    assert figures["facts"]["short"]["kind"] == "rate"
    assert call(server, "GET", "/answers/worst?metric=short").json() == {"items": []}
    events = server.call("GET", f"/api/v1/projects/{server.project_id()}/audit", server.root)
    own = [each for each in events.json()["items"] if each["subject"] == "answers"]
    actions = [each["action"] for each in own]
    assert actions.count("online_evaluation.set") == 2
    assert call(server, "DELETE", "/answers").status == 204
    gone = call(server, "GET", "/answers")
    assert (gone.status, gone.json()["code"]) == (404, "online_evaluation_not_found")


def test_a_wrong_online_evaluation_is_refused(server: Server, viewer: Caller) -> None:
    for change, status in (
        ({"share": 0}, 422),
        ({"share": 1.5}, 422),
        ({"delay_s": 1}, 422),
        ({"daily_calls": 0}, 422),
        ({"evaluators": []}, 422),
        ({"evaluators": [{"kind": "magic"}]}, 404),
        ({"filter": {"only": {"colour": ["red"]}}}, 400),
        ({"budget_usd": -1}, 422),
        ({"unknown": 1}, 422),
    ):
        answer = call(server, "PUT", "/wrong", {**BODY, **change})
        assert answer.status == status, (change, answer.body)
    assert call(server, "PUT", "/No", BODY).json()["code"] == "online_evaluation_invalid"
    assert call(server, "PUT", "/answers", BODY, viewer).status == 403
    assert call(server, "GET", "", who=viewer).status == 200
    assert (
        call(
            server, "GET", "/none/figures?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z"
        ).status
        == 400
    )


def test_of_two_users_who_edit_one_the_second_sees_who_was_first(
    server: Server, editor: Caller
) -> None:
    made = call(server, "PUT", "/shared", {**BODY, "version": 0}).json()
    assert (
        call(server, "PUT", "/shared", {**BODY, "share": 0.5, "version": 1}, editor).status == 200
    )
    late = call(server, "PUT", "/shared", {**BODY, "version": made["version"]})
    assert (late.status, late.json()["code"]) == (409, "online_evaluation_changed")
    detail = late.json()["detail"]
    assert "has version 2 now, not 1" in detail
    (event, *_) = server.call(
        "GET", f"/api/v1/projects/{server.project_id()}/audit", server.root
    ).json()["items"]
    assert (event["subject"], event["action"]) == ("shared", "online_evaluation.set")
    assert f"changed by {event['actor_label']}" in detail
    taken = call(server, "PUT", "/shared", {**BODY, "version": 0})
    assert (taken.status, "already" in taken.json()["detail"]) == (409, True)
    present = call(server, "GET", "/shared").json()
    assert (present["share"], present["version"]) == (0.5, 2)
    assert call(server, "PUT", "/shared", BODY).status == 200  # files in scripts name no version
    assert call(server, "DELETE", "/shared").status == 204
    gone = call(server, "PUT", "/shared", {**BODY, "version": 3}).json()
    assert "was removed by" in gone["detail"]
