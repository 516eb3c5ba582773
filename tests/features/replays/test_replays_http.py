"""Replays through the REST API: who may build and send, and what happens without a gateway."""

import pytest

from penstock.features.replays.http import MAX_FILES
from tests.server.running import Caller, Server

CALL = {"key_id": "key_1", "body": {"model": "small", "messages": []}}
FILE = {"name": "a.wav", "content_type": "audio/wav", "content": "UklGRg=="}


def test_without_a_gateway_the_error_says_what_to_do(server: Server) -> None:
    answer = server.call("POST", f"/api/v1/projects/{server.project_id()}/calls", server.root, CALL)
    assert answer.status == 502
    assert "does not answer" in answer.json()["detail"]


def test_a_viewer_sends_nothing_and_may_look(server: Server, viewer: Caller) -> None:
    project = f"/api/v1/projects/{server.project_id()}"
    assert server.call("POST", f"{project}/calls", viewer, CALL).status == 403
    again = {"key_id": "key_1"}
    assert server.call("POST", f"{project}/replays/{'ab' * 8}", viewer, again).status == 403
    assert server.call("GET", f"{project}/replays/{'ab' * 8}", viewer).status == 404


@pytest.mark.parametrize(
    "change",
    [
        {"key_id": ""},
        {"key_id": "a/b"},
        {"key_id": "key\r\nx: y"},
        {"path": "v1/chat"},
        {"path": "/v1/chat\r\nx-penstock-sent-as: prj/other"},
        {"path": "/v1/ chat"},
        {"body": "text"},
        {"headers": {}},
        {"files": [FILE | {"name": "a\r\nx: y"}]},
        {"files": [FILE | {"name": ""}]},
        {"files": [FILE | {"content_type": "audio/wav\r\nx: y"}]},
        {"files": [FILE | {"field": 'a"'}]},
        {"files": [FILE] * (MAX_FILES + 1)},
    ],
)
def test_a_call_that_would_change_its_own_frame_is_rejected(
    server: Server, change: dict[str, object]
) -> None:
    path = f"/api/v1/projects/{server.project_id()}/calls"
    assert server.call("POST", path, server.root, CALL | change).status == 422


def test_a_form_takes_no_objects_and_more_than_other_requests(server: Server) -> None:
    path = f"/api/v1/projects/{server.project_id()}/calls"
    form = CALL | {"body": {"model": "a/b"}, "files": [FILE | {"content": "AAAA" * 500_000}]}
    assert server.call("POST", path, server.root, form).status == 502  # there is no gateway
    for change, named in (
        ({"body": {"a": {}}}, "'a'"),
        ({"files": [FILE | {"content": "????"}]}, "'a.wav' is not base64"),
    ):
        answer = server.call("POST", path, server.root, form | change)
        assert answer.status == 400
        assert named in answer.json()["detail"]


@pytest.mark.parametrize("wanted", ["x", "AB" * 8, "ab" * 9, "%00", "ab" * 40])
def test_an_id_of_another_form_is_rejected(server: Server, wanted: str) -> None:
    path = f"/api/v1/projects/{server.project_id()}/replays/{wanted}"
    assert server.call("GET", path, server.root).status in (400, 422)
