"""Prompts through the REST API of a real server."""

from typing import Any

import pytest

from penstock.rules.prompts.documents import PromptContent, PromptVariable
from tests.server.running import Answer, Caller, Server

CONTENT = {"kind": "text", "text": "Hi {{ name }}", "variables": {"name": {}}}


def call(
    server: Server, method: str, path: str, body: object = None, caller: Caller | None = None
) -> Answer:
    whole = f"/api/v1/projects/{server.project_id()}/prompts{path}"
    return server.call(method, whole, caller or server.root, body)


def add(server: Server, name: str, content: object = CONTENT) -> dict[str, Any]:
    answer = call(server, "POST", "", {"name": name, "content": content, "message": "first"})
    assert answer.status == 201, answer.body
    return answer.json()


def test_a_prompt_is_added_changed_compared_and_labelled(server: Server) -> None:
    saved = add(server, "support/hello")
    prompt, version = saved["prompt"], saved["version"]
    whole = PromptContent("text", "Hi {{ name }}", variables={"name": PromptVariable()})
    assert version["content"] == CONTENT
    assert (version["digest"], prompt["digest"]) == (whole.digest(), whole.digest())
    path = f"/{prompt['id']}"
    change = {"content": CONTENT | {"text": "Hello {{ name }}\r\n"}, "parent": version["digest"]}
    second = call(server, "POST", f"{path}/versions", change | {"message": "longer"})
    assert second.json()["version"]["number"] == 2
    assert second.json()["version"]["content"]["text"] == "Hello {{ name }}\n"
    assert call(server, "POST", f"{path}/versions", change).json()["version"]["number"] == 2
    other = {"content": CONTENT | {"text": "Hey"}, "parent": version["digest"]}
    stale = call(server, "POST", f"{path}/versions", other)
    assert (stale.status, stale.json()["code"]) == (409, "prompt_changed")
    pieces = call(server, "GET", f"{path}/diff?old=1&new=2").json()["pieces"]
    assert {"operation": "delete", "text": "Hi"} in pieces
    assert [each["number"] for each in call(server, "GET", f"{path}/versions").json()["items"]] == [
        2,
        1,
    ]
    moved = call(server, "PUT", f"{path}/labels/production", {"version": 1, "seen": 0})
    assert moved.json()["labels"] == {"production": 1}
    stale = call(server, "PUT", f"{path}/labels/production", {"version": 2, "seen": 2})
    assert (stale.status, stale.json()["code"]) == (409, "label_moved")
    found = server.call("GET", "/api/v1/prompts/resolve?name=support/hello", server.root).json()
    assert (found["version"]["number"], found["partials"]) == (1, {})
    assert call(server, "GET", f"{path}/versions/production").json()["content"] == CONTENT
    moves = call(server, "GET", f"{path}/moves").json()["items"]
    assert [(each["label"], each["to_version"]) for each in moves] == [("production", 1)]
    assert call(server, "DELETE", path).status == 409
    assert call(server, "DELETE", f"{path}/labels/production?seen=1").json()["labels"] == {}
    assert call(server, "DELETE", path).status == 204
    gone = server.call("GET", "/api/v1/prompts/resolve?name=support/hello", server.root)
    assert (gone.status, gone.json()["code"]) == (404, "prompt_removed")
    removed = call(server, "GET", "?removed=true").json()["items"]
    assert [each["name"] for each in removed] == ["support/hello"]
    assert call(server, "POST", f"{path}/restore").json()["removed_at"] is None
    move = {"old": "support/", "new": "care/"}
    moved = call(server, "POST", "/move", move).json()["items"]
    assert moved == [{"id": prompt["id"], "old": "support/hello", "new": "care/hello"}]
    found = server.call("GET", "/api/v1/prompts/resolve?name=support/hello", server.root).json()
    assert found["prompt"]["name"] == "care/hello"
    assert call(server, "DELETE", "/old-names?name=support/hello").status == 204


def test_a_content_is_stored_exactly(server: Server) -> None:
    content = {
        "kind": "chat",
        "messages": [{"role": "system", "content": "{{ n }}"}, {"placeholder": "history"}],
        "variables": {"n": {"type": "number", "default": None}},
    }
    answer = call(server, "POST", "", {"name": "odd", "content": content})
    assert (answer.status, answer.json()["code"]) == (400, "variable_invalid")
    content["variables"] = {"n": {"type": "number", "default": 1.5}}
    content |= {
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"a": [1, 2.0]}}}],
        "parameters": {"temperature": 0, "stop": None},
        "response_schema": {"type": "object", "properties": {}},
    }
    assert add(server, "exact", content)["version"]["content"] == content


def test_a_content_is_rendered_without_being_saved(server: Server) -> None:
    done = call(server, "POST", "/render", {"content": CONTENT, "variables": {"name": "Ann"}})
    assert done.json()["messages"] == [{"role": "user", "content": "Hi Ann"}]
    missing = call(server, "POST", "/render", {"content": CONTENT})
    assert (missing.status, missing.json()["code"]) == (400, "variable_missing")
    endless = CONTENT | {"text": "{% for a in range(999999999) %}{% endfor %}"}
    assert (
        call(server, "POST", "/render", {"content": endless, "variables": {"name": "a"}}).json()[
            "code"
        ]
        == "render_limit"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "song"},
        {"unknown": 1},
        {"variables": {"a": {"type": "date"}}},
        {"partials": {"a": "x"}},
        {"tools": [1]},
        {"messages": [{"role": "boss"}]},
    ],
)
def test_a_body_of_another_form_is_refused(server: Server, change: dict[str, object]) -> None:
    body = {"name": "wrong", "content": CONTENT | change}
    assert call(server, "POST", "", body).status == 422


def test_numbers_that_cannot_be_stored_are_refused(server: Server) -> None:
    for number in (10**30, -(10**30)):
        body = {"name": "wrong", "content": CONTENT | {"parameters": {"a": [number]}}}
        answer = call(server, "POST", "", body)
        assert (answer.status, answer.json()["code"]) == (400, "prompt_invalid")


def test_roles_decide_who_reads_saves_and_moves(
    server: Server, viewer: Caller, editor: Caller
) -> None:
    body = {"name": "by-editor", "content": CONTENT}
    assert call(server, "POST", "", body, viewer).status == 403
    prompt = call(server, "POST", "", body, editor).json()["prompt"]
    assert call(server, "GET", f"/{prompt['id']}", caller=viewer).status == 200
    move = {"version": 1, "seen": 0}
    labels = f"/{prompt['id']}/labels"
    refused = call(server, "PUT", f"{labels}/production", move, editor)
    assert (refused.status, refused.json()["code"]) == (403, "label_protected")
    assert call(server, "PUT", f"{labels}/staging", move, editor).status == 200
    assert call(server, "PUT", "/labels/staging", {"role": "admin"}, editor).status == 403
    assert call(server, "PUT", "/labels/staging", {"role": "admin"}).status == 200
    rules = call(server, "GET", "/labels", caller=viewer).json()["items"]
    assert {"label": "production", "role": "admin"} in rules
    assert call(server, "DELETE", f"{labels}/staging?seen=1", caller=editor).status == 403


def test_lists_have_pages_and_comments_stay(server: Server) -> None:
    for at in range(3):
        add(server, f"pages/p{at}")
    first = call(server, "GET", "?folder=pages&limit=2").json()
    assert [each["name"] for each in first["items"]] == ["pages/p0", "pages/p1"]
    rest = call(server, "GET", f"?folder=pages&limit=2&cursor={first['next_cursor']}").json()
    assert ([each["name"] for each in rest["items"]], rest["next_cursor"]) == (["pages/p2"], None)
    path = f"/{rest['items'][0]['id']}/comments"
    assert call(server, "POST", path, {"text": "good", "version": 1}).status == 201
    assert call(server, "POST", path, {"text": "good", "version": 5}).status == 404
    assert [each["text"] for each in call(server, "GET", path).json()["items"]] == ["good"]
