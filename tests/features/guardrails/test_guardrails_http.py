"""Guardrail policies through the REST API of a real server."""

import pytest

from tests.server.running import Answer, Caller, Server

CHECK = {"detector": "no-such-detector", "places": ["input"], "action": "block"}
BODY = {"name": "strict", "checks": [CHECK]}


def call(server: Server, method: str, path: str = "", body: object = None) -> Answer:
    base = f"/api/v1/projects/{server.project_id()}/guardrails"
    return server.call(method, f"{base}{path}", server.root, body)


def test_an_unknown_detector_is_named_at_its_check(server: Server) -> None:
    answer = call(server, "POST", "", BODY)
    assert (answer.status, answer.json()["param"]) == (400, "checks.0")
    assert "no-such-detector" in answer.json()["detail"]
    assert call(server, "GET").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"checks": []}, 422),
        ({"checks": [CHECK | {"places": ["attic"]}]}, 422),
        ({"checks": [CHECK | {"action": "shout"}]}, 422),
        ({"checks": [CHECK | {"timeout_ms": 0}]}, 422),
        ({"checks": [CHECK | {"options": {"a": {"deep": 1}}}]}, 422),
        ({"checks": [CHECK | {"ask_again": 2}]}, 400),
        ({"only": {"weather": ["sunny"]}}, 400),
        ({"only": {"team": []}}, 422),
        ({"name": "a\nb"}, 400),
        ({"unknown": 1}, 422),
    ],
)
def test_a_policy_without_sense_is_rejected(
    server: Server, change: dict[str, object], status: int
) -> None:
    assert call(server, "POST", "", BODY | change).status == status


def test_unknown_policies_are_not_found(server: Server) -> None:
    assert call(server, "GET", "/grd_none").status == 404
    assert call(server, "DELETE", "/grd_none").status == 404


def test_the_installed_detectors_are_listed(server: Server) -> None:
    names = [each["name"] for each in call(server, "GET", "/detectors").json()["items"]]
    assert names == sorted(names)


def test_a_viewer_reads_policies_and_changes_none(server: Server, viewer: Caller) -> None:
    path = f"/api/v1/projects/{server.project_id()}/guardrails"
    assert server.call("GET", path, viewer).status == 200
    assert server.call("POST", path, viewer, BODY).status == 403
