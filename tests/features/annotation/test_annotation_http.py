"""Annotation over the REST API: roles, and what hostile callers send."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.running import Caller, Server

ITEM = {"input": "<script>alert(1)</script>", "metadata": {"output": "<b>bold</b> answer"}}


class Queues:
    """The routes of one queue, and a dataset with one item."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.base = f"/api/v1/projects/{server.project_id()}"
        self.path = f"{self.base}/annotation/queues"

    def call(self, method: str, path: str, caller: Caller, body: Any = None) -> tuple[int, Any]:
        answer = self.server.call(method, path, caller, body)
        return answer.status, answer.json() if answer.body else None


@pytest.fixture(scope="module")
def queues(server: Server) -> Iterator[Queues]:
    made = Queues(server)
    root = server.root
    assert made.call("POST", f"{made.base}/datasets", root, {"name": "reviewed"})[0] == 201
    change = {"put": [ITEM]}
    assert made.call("POST", f"{made.base}/datasets/reviewed/changes", root, change)[0] < 300
    yield made
    made.call("DELETE", f"{made.base}/datasets/reviewed", root)


@pytest.fixture
def queue(queues: Queues) -> Iterator[str]:
    body = {
        "name": "http",
        "label_schema": {"kind": "binary", "question": "Helpful?"},
        "score": "helpful",
        "guidelines": "# <img src=x onerror=alert(1)>",
    }
    status, _ = queues.call("POST", queues.path, queues.server.root, body)
    assert status == 201
    path = f"{queues.path}/http"
    filled = queues.call("POST", f"{path}/items", queues.server.root, {"dataset": "reviewed"})
    assert filled == (200, {"added": 1, "known": 0, "skipped": 0, "reasons": []})
    yield path
    assert queues.call("DELETE", path, queues.server.root)[0] == 204


@pytest.fixture(scope="module")
def annotator(server: Server) -> Caller:
    return server.join(server.project_id(), "lab@example.org", "annotator")


def test_an_annotator_labels_and_sees_nothing_else(
    queues: Queues, queue: str, annotator: Caller
) -> None:
    status, page = queues.call("POST", f"{queue}/next", annotator, {"count": 2})
    assert status == 200
    (item,) = page["items"]
    assert item["content"]["output"] == "<b>bold</b> answer"
    assert (item["label"], item["suggestion"], item["swapped"]) == (None, None, False)
    _, shown = queues.call("GET", queue, annotator)
    digest = shown["label_schema"]["digest"]
    label = {"schema_digest": digest, "value": True, "correction": "An answer."}
    path = f"{queue}/items/{item['id']}/label"
    assert queues.call("PUT", path, annotator, label)[1]["label"]["value"] is True
    _, mine = queues.call("GET", f"{queue}/mine", annotator)
    assert [each["id"] for each in mine["items"]] == [item["id"]]
    for forbidden in (
        f"{queue}/items",
        f"{queue}/agreement",
        f"{queues.base}/datasets",
        f"{queues.base}/annotation/judges",
        f"{queues.base}/members",
    ):
        assert queues.call("GET", forbidden, annotator)[0] == 403
    assert queues.call("DELETE", queue, annotator)[0] == 403
    assert queues.call("DELETE", path, annotator)[1]["label"]["state"] == "withdrawn"


def test_labels_and_their_uses(queues: Queues, queue: str, editor: Caller) -> None:
    _, page = queues.call("POST", f"{queue}/next", editor, {"count": 1})
    item = page["items"][0]["id"]
    digest = queues.call("GET", queue, editor)[1]["label_schema"]["digest"]
    label = {"schema_digest": digest, "value": False, "comment": "No.", "correction": "Yes."}
    assert queues.call("PUT", f"{queue}/items/{item}/label", editor, label)[0] == 200
    _, items = queues.call("GET", f"{queue}/items?state=labelled", editor)
    assert (items["items"][0]["final"], items["items"][0]["correction"]) == (False, "Yes.")
    status, agreement = queues.call("GET", f"{queue}/agreement", editor)
    assert (status, agreement["estimate"], agreement["shared_items"]) == (200, None, 0)
    assert agreement["reason"] == "Items with two labels: 0; at least 5 are needed."
    body = {"schema_digest": digest, "value": True}
    decided = queues.call("PUT", f"{queue}/items/{item}/decision", editor, body)[1]
    assert (decided["final"], decided["decision"]["by"]) == (True, "ed@example.org")
    status, error = queues.call("PUT", f"{queue}/items/{item}/label", editor, label)
    assert (status, error["code"]) == (409, "annotation_decided")
    assert queues.call("DELETE", f"{queue}/items/{item}/decision", editor)[0] == 200
    made = queues.call("POST", f"{queue}/examples", editor, {"dataset": "golden-http"})[1]
    assert (made["version"], made["changed"]) == (1, 1)
    queues.call("DELETE", f"{queues.base}/datasets/golden-http", queues.server.root)
    judge = queues.call("GET", f"{queue}/evaluator?model=gpt-5", editor)[1]
    assert (judge["name"], judge["kind"]) == ("helpful", "rubric")
    assert queues.call("GET", f"{queues.base}/annotation/judges", editor) == (
        200,
        {"items": [], "next_cursor": None},
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/items/none/label", {"schema_digest": "", "value": True}, 404),
        ("PUT", "/items/none/decision", {"schema_digest": "", "value": True}, 404),
        ("PUT", "/items/none/label", {"schema_digest": "", "comment": "x" * 1_000_000}, 422),
        ("PUT", "/items/none/label", {"schema_digest": "", "value": True, "by": "me"}, 422),
        ("POST", "/items", {"limit": 5}, 400),
        ("POST", "/items", {"dataset": "none"}, 404),
        ("POST", "/items", {"run": "none"}, 404),
        ("POST", "/items", {"queue": "none"}, 404),
        ("POST", "/items", {"dataset": "reviewed", "share": 0}, 422),
        ("POST", "/calls", {"span_ids": []}, 422),
        ("PUT", "/rule", {"dataset": "reviewed", "queue": "http"}, 400),
        ("GET", "/rule", None, 404),
        ("POST", "/next", {"count": 11}, 422),
        ("GET", "/mine?cursor=eA", None, 400),
        ("GET", "/items?state=lost", None, 422),
        ("POST", "/examples", {"dataset": "golden-http"}, 400),
        ("POST", "/items/none/prompt-draft", {"prompt": "none"}, 404),
        ("PATCH", "", {"label_schema": {"kind": "ordinal"}}, 400),
    ],
)
def test_what_is_wrong_is_refused_with_a_reason(
    queues: Queues, queue: str, editor: Caller, method: str, path: str, body: Any, status: int
) -> None:
    found, error = queues.call(method, queue + path, editor, body)
    assert found == status, error
    assert error["detail"]


def test_a_key_gives_no_label(queues: Queues, queue: str) -> None:
    status, error = queues.call("POST", f"{queue}/next", queues.server.root, {"count": 1})
    assert status == 403
    assert "given by" in error["detail"]


def test_calls_that_are_not_recorded_are_skipped(
    queues: Queues, queue: str, editor: Caller
) -> None:
    status, filled = queues.call("POST", f"{queue}/calls", editor, {"span_ids": ["0" * 16]})
    assert (status, filled["added"], filled["skipped"]) == (200, 0, 1)
    assert filled["reasons"]
