"""Limits through the REST API of a real server."""

import pytest

from tests.server.running import Answer, Caller, Server

BODY = {"name": "month", "measure": "spend", "amount": "12.5", "window": "month"}


def call(server: Server, method: str, path: str, body: object = None) -> Answer:
    return server.call(method, f"/api/v1/projects/{server.project_id()}/{path}", server.root, body)


def test_a_limit_is_added_shown_changed_and_removed(server: Server) -> None:
    added = call(server, "POST", "limits", BODY)
    assert added.status == 201
    shown = added.json()
    assert shown["use"]["left"] == "12.5"
    assert shown["use"]["resets_at"] > shown["use"]["window_start"]
    assert call(server, "GET", "limits").json()["items"] == [shown]
    path = f"limits/{shown['id']}"
    assert call(server, "GET", path).json() == shown
    changed = call(server, "PATCH", path, {"amount": "20", "only": {"team": ["search"]}}).json()
    assert (changed["amount"], changed["only"]) == ("20", {"team": ["search"]})
    assert call(server, "DELETE", path).status == 204
    assert call(server, "GET", path).status == 404


def test_a_limit_with_several_counters_shows_the_one_that_is_named(server: Server) -> None:
    added = call(server, "POST", "limits", BODY | {"name": "each", "per": ["user"]}).json()
    assert added["use"] is None
    named = call(server, "GET", f"limits/{added['id']}?value=ann").json()
    assert named["use"]["used"] == "0"
    assert call(server, "DELETE", f"limits/{added['id']}").status == 204


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"amount": "-1"}, 422),
        ({"amount": "1e30"}, 422),
        ({"amount": "much"}, 422),
        ({"amount": "0.0000000001"}, 422),
        ({"measure": "rain"}, 422),
        ({"window": "year"}, 422),
        ({"window": None}, 400),
        ({"measure": "concurrency"}, 400),
        ({"time_zone": "Mars/Olympus"}, 400),
        ({"per": ["weather"]}, 400),
        ({"only": {"team": []}}, 422),
        ({"name": "a\nb"}, 400),
        ({"unknown": 1}, 422),
    ],
)
def test_a_limit_without_sense_is_rejected(
    server: Server, change: dict[str, object], status: int
) -> None:
    assert call(server, "POST", "limits", BODY | change).status == status
    assert call(server, "GET", "limits").json()["items"] == []


def test_a_viewer_reads_limits_and_changes_none(server: Server, viewer: Caller) -> None:
    path = f"/api/v1/projects/{server.project_id()}/limits"
    assert server.call("GET", path, viewer).status == 200
    assert server.call("POST", path, viewer, BODY).status == 403


def test_the_history_and_the_counters_of_a_limit(server: Server) -> None:
    server.wait_for("/readyz")  # the history is in the column store
    added = call(server, "POST", "limits", BODY | {"name": "each", "per": ["user"]}).json()
    path = f"limits/{added['id']}"
    history = call(server, "GET", f"{path}/history?value=ann").json()
    assert set(history["used"]) == {"0"}
    assert history["bucket_s"] == 6 * 3600
    unnamed = call(server, "GET", f"{path}/history")
    assert (unnamed.status, unnamed.json()["param"]) == (400, "value")
    assert call(server, "GET", f"{path}/counters").json()["items"] == []
    assert call(server, "DELETE", path).status == 204
    assert call(server, "GET", f"{path}/history").status == 404
