"""Scores through the REST API of a real server."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.server.running import Answer, Caller, Server, by_key, running

TRACE = "ab" * 16


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("scores") / "home") as server:
        server.wait_for("/readyz")
        yield server


def score(**fields: object) -> dict[str, Any]:
    return {"name": "quality", "value": 1, "trace_id": TRACE} | fields


def add(server: Server, body: object, caller: Caller | None = None) -> Answer:
    project = server.project_id()
    path = f"/api/v1/scores?project_id={project}"
    return server.call("POST", path, caller or server.root, body)


def key(server: Server, **body: object) -> Caller:
    path = f"/api/v1/projects/{server.project_id()}/keys"
    answer = server.call("POST", path, server.root, {"name": "app", **body})
    assert answer.status == 201, answer.body
    return by_key(answer.json()["secret"])


def test_a_score_is_written_listed_and_measured(server: Server) -> None:
    session = "written-listed"
    body = {"name": "helpful", "value": True, "session": session, "comment": "very"}
    added = add(server, body)
    assert added.status == 201, added.body
    assert added.json()["link"] == "waiting"
    add(server, body | {"value": 3.5, "author": "b"})
    add(server, body | {"value": "good", "author": "c"})
    query = f"project_id={server.project_id()}&session={session}"
    listed = server.call("GET", f"/api/v1/scores?{query}&limit=2", server.root).json()
    rest = server.call(
        "GET", f"/api/v1/scores?{query}&limit=2&cursor={listed['next_cursor']}", server.root
    ).json()
    found = listed["items"] + rest["items"]
    assert [each["value"] for each in found] == ["good", 3.5, True]
    assert found[2]["id"] == added.json()["id"]
    measured = server.call("GET", f"/api/v1/scores/measures?{query}", server.root).json()["items"]
    assert {each["type"]: each["count"] for each in measured} == {
        "boolean": 1,
        "categorical": 1,
        "numeric": 1,
    }


def test_one_bad_record_of_a_batch_costs_one_record(server: Server) -> None:
    bad: list[Any] = [
        score(name="Bad Name"),
        score(value=[1]),
        score(value=10**400),
        score(value=None),
        score(state="abstained"),
        score(trace_id="no"),
        score(unknown=1),
        score(time="2999-01-01T00:00:00Z"),
        score(kind="outcome", name="resolved", value=1),
        score(kind="feedback", name="rating", value=6, source="user"),
        score(amount="1e400"),
        score(name="ok", comment="\ud800"),
        score(author="online:toxic"),  # would change the figures of an online evaluation
        score(source="annotator", id="annotation/que_1/1"),
        {},
    ]
    good = [score(), score(name="resolved", kind="outcome", value=True, amount="12.50")]
    path = f"/api/v1/scores/batch?project_id={server.project_id()}"
    answer = server.call("POST", path, server.root, {"scores": [*bad[:11], *good, *bad[12:]]})
    assert answer.status == 200, answer.body
    done = answer.json()
    assert (done["accepted"], done["rejected"]) == (2, 14)
    assert [each["index"] for each in done["items"] if each["accepted"]] == [11, 12]
    assert all(each["error"]["detail"] for each in done["items"] if each["error"])
    too_many = server.call("POST", path, server.root, {"scores": [score()] * 1001})
    assert too_many.status == 422


def test_a_key_for_scores_may_write_scores_and_nothing_else(server: Server) -> None:
    writer = key(server, scopes=["scores:write"])
    body = score(name="scoped")
    assert server.call("POST", "/api/v1/scores", writer, body).status == 201
    project = server.project_id()
    for method, path in (
        ("GET", "/api/v1/scores"),
        ("GET", "/api/v1/traces"),
        ("GET", "/api/v1/outcomes"),
        ("GET", f"/api/v1/projects/{project}/keys"),
        ("GET", "/api/v1/prompts/resolve?name=a"),
        ("POST", f"/api/v1/projects/{project}/keys"),
    ):
        assert server.call(method, path, writer, {"name": "x"}).status == 403, path
    elsewhere = server.call("POST", "/api/v1/scores?project_id=prj_other", writer, body)
    assert elsewhere.status == 404


def test_an_application_key_may_have_several_scopes(server: Server) -> None:
    scopes = ["models:call", "prompts:read", "scores:write"]
    application = key(server, scopes=scopes)
    assert server.call("POST", "/api/v1/scores", application, score(name="app")).status == 201
    missing = server.call("GET", "/api/v1/prompts/resolve?name=a", application)
    assert (missing.status, missing.json()["code"]) == (404, "not_found")
    path = f"/api/v1/projects/{server.project_id()}/keys"
    both = server.call("POST", path, server.root, {"name": "x", "role": "viewer", "scopes": scopes})
    assert (both.status, both.json()["param"]) == (400, "scopes")


def published_keys(server: Server) -> str:
    """The sections of keys in the snapshot for gateways."""
    gateway = by_key((server.home / "gateway.token").read_text().strip())
    root = server.call("GET", "/internal/v1/snapshot?wait_s=0", gateway).json()
    sections = [digest for name, digest in root["sections"].items() if "/access" in name]
    paths = [f"/internal/v1/snapshot/sections/{digest}" for digest in sections]
    return "".join(server.call("GET", path, gateway).body.decode() for path in paths)


def test_only_keys_that_may_call_models_reach_the_gateway(server: Server) -> None:
    made = dict[str, bool]()
    for scopes in (["scores:write"], [], ["models:call"]):
        path = f"/api/v1/projects/{server.project_id()}/keys"
        answer = server.call("POST", path, server.root, {"name": "x", "scopes": scopes})
        made[answer.json()["key"]["id"]] = "models:call" in scopes or not scopes
    *_, last = made
    while last not in (keys := published_keys(server)):
        time.sleep(0.05)
    assert {key_id: key_id in keys for key_id in made} == made


def test_outcomes_are_figures(server: Server) -> None:
    outcome = {"kind": "outcome", "name": "resolved", "value": True, "session": "none"}
    assert add(server, outcome).status == 201
    path = f"/api/v1/outcomes?project_id={server.project_id()}"
    for query in ("", "&by=use_case", "&by=time&bucket_s=3600", "&unit=trace"):
        assert server.call("GET", path + query, server.root).json()["items"] == []
    narrow = "&by=time&bucket_s=60&from=2020-01-01T00:00:00Z"
    assert server.call("GET", path + narrow, server.root).status == 400


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WzEsMl0", "e30", "é"])
def test_a_cursor_of_another_text_is_refused(server: Server, cursor: str) -> None:
    path = f"/api/v1/scores?project_id={server.project_id()}&cursor="
    assert server.call("GET", path + quote(cursor), server.root).status == 400
