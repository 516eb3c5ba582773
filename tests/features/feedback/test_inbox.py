"""The inbox of feedback through the REST API."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.running import Answer, Caller, Server, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("inbox") / "home") as server:
        server.wait_for("/readyz")
        yield server


@pytest.fixture(scope="module")
def given(server: Server) -> dict[str, str]:
    """The ids of some feedback, by what it says."""
    wanted: dict[str, dict[str, Any]] = {
        "up": {"name": "thumbs", "value": True},
        "down": {"name": "thumbs", "value": False},
        "stars": {"name": "rating", "value": 2},
        "text": {"name": "comment", "comment": "Wrong 100%_sure"},
        "score": {"name": "thumbs", "value": True, "kind": "score"},
    }
    path = f"/api/v1/scores?project_id={server.project_id()}"
    found = {}
    for what, body in wanted.items():
        whole = {"kind": "feedback", "source": "user", "session": what} | body
        answer = server.call("POST", path, server.root, whole)
        assert answer.status == 201, answer.body
        found[what] = answer.json()["id"]
    return found


def listed(server: Server, given: dict[str, str], query: str = "") -> set[str]:
    path = f"/api/v1/projects/{server.project_id()}/feedback?{query}"
    answer = server.call("GET", path, server.root)
    assert answer.status == 200, answer.body
    what = {feedback_id: name for name, feedback_id in given.items()}
    return {what[each["id"]] for each in answer.json()["items"]}


def handle(server: Server, feedback_id: str, caller: Caller | None = None, **body: str) -> Answer:
    path = f"/api/v1/projects/{server.project_id()}/feedback/{feedback_id}"
    return server.call("PUT", path, caller or server.root, body)


def test_feedback_is_filtered(server: Server, given: dict[str, str]) -> None:
    assert listed(server, given) == {"up", "down", "stars", "text"}
    assert listed(server, given, "positive=false") == {"down", "stars"}
    assert listed(server, given, "positive=true") == {"up"}
    assert listed(server, given, "name=rating&name=comment") == {"stars", "text"}
    assert listed(server, given, "q=wrong") == {"text"}
    assert listed(server, given, "q=%25_s") == {"text"}
    assert listed(server, given, "q=%25x") == set()
    assert listed(server, given, "release=r1") == set()


def test_feedback_is_assigned_and_resolved(server: Server, given: dict[str, str]) -> None:
    done = handle(server, given["down"], status="open", assignee="ann@example.org")
    assert (done.status, done.json()["status"]) == (200, "open")
    assert listed(server, given, "status=open") == {"down"}
    assert listed(server, given, "assignee=ann@example.org") == {"down"}
    assert listed(server, given, "status=new") == {"up", "stars", "text"}
    assert listed(server, given, "assignee=") == {"up", "stars", "text"}
    handle(server, given["down"], status="resolved", assignee="")
    assert listed(server, given, "status=open") == set()
    assert listed(server, given, "status=resolved&status=new") == {"up", "down", "stars", "text"}
    events = server.call(
        "GET", f"/api/v1/projects/{server.project_id()}/audit", server.root
    ).json()["items"]
    assert [each["subject"] for each in events if each["action"] == "feedback.handle"] == [
        given["down"]
    ] * 2


def test_only_feedback_of_the_project_is_handled(server: Server, given: dict[str, str]) -> None:
    assert handle(server, "0" * 32, status="open").status == 404
    assert handle(server, given["score"], status="open").status == 404
    assert handle(server, given["up"], status="other").status == 422


def test_viewers_read_and_editors_handle(server: Server, given: dict[str, str]) -> None:
    project = server.project_id()
    viewer = server.join(project, "vic@example.org", "viewer")
    editor = server.join(project, "ed@example.org", "editor")
    path = f"/api/v1/projects/{project}/feedback"
    assert server.call("GET", path, viewer).status == 200
    assert handle(server, given["up"], viewer, status="open").status == 403
    assert handle(server, given["up"], editor, status="new").status == 200
