"""Routes through the REST API of a real server."""

from typing import Any

import pytest

from tests.server.running import Answer, Caller, Server

BODY: dict[str, Any] = {"targets": [{"provider": "mine", "model": "llama", "weight": 2}]}


def call(server: Server, method: str, path: str, body: object = None) -> Answer:
    return server.call(method, f"/api/v1/projects/{server.project_id()}/{path}", server.root, body)


def test_a_route_is_added_shown_replaced_and_removed(server: Server) -> None:
    added = call(server, "POST", "routes", BODY | {"name": "helpdesk"})
    assert added.status == 201
    assert call(server, "GET", "routes/helpdesk").json() == added.json()
    assert call(server, "GET", "routes").json()["items"] == [added.json()]
    assert added.json()["targets"] == [
        {
            "provider": "mine",
            "model": "llama",
            "weight": 2,
            "priority": 0,
            "after": [],
            "when": None,
        }
    ]
    changed = call(server, "PUT", "routes/helpdesk", BODY | {"version": 1, "max_attempts": 5})
    assert (changed.json()["version"], changed.json()["max_attempts"]) == (2, 5)
    stale = call(server, "PUT", "routes/helpdesk", BODY | {"version": 1})
    assert (stale.status, stale.json()["code"]) == (409, "route_changed")
    assert call(server, "DELETE", "routes/helpdesk").status == 204
    assert call(server, "GET", "routes/helpdesk").status == 404


def test_a_shadow_is_kept_and_removed_and_its_model_is_checked(server: Server) -> None:
    shadow = {"provider": "mine", "model": "llama", "percent": 2.5, "max_calls": 7}
    added = call(server, "POST", "routes", BODY | {"name": "shadowed", "shadow": shadow})
    assert (added.status, added.json()["shadow"]) == (201, shadow)
    strange = BODY | {"shadow": shadow | {"provider": "nobody"}}
    refused = call(server, "PUT", "routes/shadowed", strange)
    assert (refused.status, refused.json()["param"]) == (400, "shadow")
    assert call(server, "PUT", "routes/shadowed", BODY).json()["shadow"] is None
    assert call(server, "DELETE", "routes/shadowed").status == 204


def test_conditions_of_a_target_are_kept_and_checked(server: Server) -> None:
    when = {"languages": ["de"], "only": {"tag:tier": ["gold"]}, "max_tokens": 9}
    special = BODY["targets"][0] | {"model": "other", "when": when}
    changed = {"targets": [*BODY["targets"], special]}
    added = call(server, "POST", "routes", changed | {"name": "conditional"})
    assert added.status == 201
    found = added.json()["targets"][1]["when"]
    assert found == {"headers": {}, "code": [], "media": [], "min_tokens": 0} | when
    special["when"] = {"languages": ["klingon"]}
    refused = call(server, "PUT", "routes/conditional", changed)
    assert (refused.status, refused.json()["param"]) == (400, "targets.1.when")
    assert call(server, "DELETE", "routes/conditional").status == 204


@pytest.mark.parametrize(
    "change",
    [
        {"targets": []},
        {"targets": [{"provider": "mine"}]},
        {"targets": [{"provider": "mine", "model": "m", "after": ["bad luck"]}]},
        {"targets": [{"provider": "mine", "model": "m", "weight": 1.5}]},
        {"max_attempts": 11},
        {"health_check": "ping"},
        {"hedge_percent": 51},
        {"health_check": "call", "health_check_s": 4},
        {"shadow": {"provider": "mine"}},
        {"shadow": {"provider": "mine", "model": "llama", "percent": 101}},
        {"shadow": {"provider": "mine", "model": "llama", "percent": 0}},
        {"shadow": {"provider": "mine", "model": "llama", "max_calls": 33}},
        {"unknown": 1},
    ],
)
def test_a_body_of_another_form_is_refused(server: Server, change: dict[str, object]) -> None:
    answer = call(server, "POST", "routes", BODY | {"name": "odd"} | change)
    assert answer.status == 422
    assert call(server, "GET", "routes").json()["items"] == []


def test_a_viewer_reads_routes_and_changes_none(server: Server, viewer: Caller) -> None:
    path = f"/api/v1/projects/{server.project_id()}/routes"
    assert server.call("GET", path, viewer).status == 200
    assert server.call("POST", path, viewer, BODY | {"name": "mine"}).status == 403
