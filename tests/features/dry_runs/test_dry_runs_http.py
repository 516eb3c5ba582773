"""Dry runs through the REST API: who may ask, and what happens without a gateway."""

import pytest

from tests.server.running import Caller, Server

BODY = {"body": {"model": "small", "messages": []}}


def test_without_a_gateway_the_error_says_what_to_do(server: Server) -> None:
    path = f"/api/v1/projects/{server.project_id()}/dry-run"
    answer = server.call("POST", path, server.root, BODY)
    assert answer.status == 502
    assert "does not answer" in answer.json()["detail"]
    assert "penstock up" in answer.json()["hint"]


def test_only_who_may_read_keys_names_one(server: Server, viewer: Caller) -> None:
    path = f"/api/v1/projects/{server.project_id()}/dry-run"
    assert server.call("POST", path, viewer, BODY).status == 502
    named = server.call("POST", path, viewer, BODY | {"key_id": "key_1"})
    assert (named.status, named.json()["param"]) == (403, "key_id")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"attributes": {"weather": "sunny"}}, 400),
        ({"body": 5}, 422),
        ({"headers": {"a": 1}}, 422),
        ({"unknown": 1}, 422),
    ],
)
def test_a_request_without_sense_is_rejected(
    server: Server, change: dict[str, object], status: int
) -> None:
    path = f"/api/v1/projects/{server.project_id()}/dry-run"
    assert server.call("POST", path, server.root, BODY | change).status == status
