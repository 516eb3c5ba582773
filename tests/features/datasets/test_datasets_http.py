"""Datasets through the REST API of a real server."""

import json
from collections.abc import Iterator

import pytest

from tests.server.running import Answer, Server, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("datasets") / "home") as server:
        yield server


def call(server: Server, method: str, path: str, body: object = None) -> Answer:
    address = f"/api/v1/projects/{server.project_id()}/datasets{path}"
    return server.call(method, address, server.root, body)


def test_a_dataset_is_divided_and_exported(server: Server) -> None:
    assert call(server, "POST", "", {"name": "divided"}).status == 201
    texts = [f"Where is the order {at * 7919} of customer {at * at}?" for at in range(200)]
    put = [{"id": f"q{at}", "input": text} for at, text in enumerate([*texts, texts[0] + "!"])]
    assert call(server, "POST", "/divided/changes", {"put": put}).status == 200
    wrong = call(server, "POST", "/divided/splits", {"shares": {"train": 0.8, "test": 0.3}})
    assert (wrong.status, wrong.json()["param"]) == (400, "shares")
    shares = {"shares": {"train": 0.75, "test": 0.25}, "similarity": 1}
    done = call(server, "POST", "/divided/splits", shares).json()
    assert done["version"]["message"] == "Splits train=0.75, test=0.25, seed 0"
    assert done["counts"]["changed"] == 201
    again = call(server, "POST", "/divided/splits", shares).json()
    assert again["made"] is False  # the same seed gives the same division
    splits = call(server, "GET", "/divided/splits").json()["items"]
    sizes = {each["name"]: each["item_count"] for each in splits}
    assert sum(sizes.values()) == 201
    assert 30 < sizes["test"] < 72
    before = call(server, "GET", "/divided/splits?version=1").json()["items"]
    assert before == [{"name": "", "item_count": 201}]
    answer = call(server, "GET", "/divided/export?split=test")
    assert "divided-v2-test.jsonl" in answer.headers["content-disposition"]
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert len(lines) == sizes["test"]
    assert {line["split"] for line in lines} == {"test"}
    assert call(server, "GET", "/divided/export?version=9").status == 404
    assert call(server, "DELETE", "/divided").status == 204


def test_rules_are_listed_with_what_they_have_done(server: Server) -> None:
    address = f"/api/v1/projects/{server.project_id()}/dataset-rules"
    for name in ("ruled-b", "ruled-a", "plain"):
        assert call(server, "POST", "", {"name": name}).status == 201
    for name in ("ruled-b", "ruled-a"):
        assert call(server, "PUT", f"/{name}/rule", {"enabled": False}).status == 200
    first = server.call("GET", f"{address}?limit=1", server.root).json()
    rest = server.call("GET", f"{address}?cursor={first['next_cursor']}", server.root).json()
    found = [(each["dataset"], each["enabled"]) for each in (*first["items"], *rest["items"])]
    assert found == [("ruled-a", False), ("ruled-b", False)]
    on = call(server, "PATCH", "/ruled-a/rule", {"enabled": True}).json()
    assert (on["enabled"], on["daily_cap"]) == (True, 100)
    assert call(server, "PATCH", "/plain/rule", {"enabled": False}).status == 404
    assert call(server, "PATCH", "/ruled-a/rule", {"enabled": True, "share": 1}).status == 422
    only = server.call("GET", f"{address}?dataset=plain", server.root).json()
    assert only["items"] == []
    for name in ("ruled-b", "ruled-a", "plain"):
        assert call(server, "DELETE", f"/{name}").status == 204


def test_of_two_users_who_edit_a_rule_the_second_sees_who_was_first(server: Server) -> None:
    assert call(server, "POST", "", {"name": "shared"}).status == 201
    address = "/shared/rule"
    first = call(server, "PUT", address, {"share": 0.5, "revision": ""}).json()
    taken = call(server, "PUT", address, {"share": 0.4, "revision": ""})
    assert (taken.status, "exists already: it was set by" in taken.json()["detail"]) == (409, True)
    assert call(server, "PATCH", address, {"enabled": False}).status == 200
    seen = {"revision": first["revision"]}
    late = call(server, "PUT", address, {"share": 0.4, **seen}).json()
    assert (late["status"], late["code"]) == (409, "dataset_rule_changed")
    (event, *_) = server.call(
        "GET", f"/api/v1/projects/{server.project_id()}/audit", server.root
    ).json()["items"]
    by = f"{event['actor_label']} at {event['at'][:19]}Z"
    assert late["detail"].startswith("The rule of the dataset 'shared' has revision ")
    assert f"now, not {seen['revision'][:8]}: it was changed by {by}." in late["detail"]
    present = call(server, "GET", address).json()
    assert (present["share"], present["enabled"]) == (0.5, False)
    saved = call(server, "PUT", address, {"share": 0.4, "revision": present["revision"]}).json()
    assert (saved["share"], saved["revision"] != present["revision"]) == (0.4, True)
    assert call(server, "PUT", address, {"share": 0.3}).status == 200  # scripts name no revision
    assert call(server, "PUT", address, {"revision": "4"}).status == 422
    assert call(server, "DELETE", address).status == 204
    assert "was removed by" in call(server, "PUT", address, seen).json()["detail"]
    assert call(server, "DELETE", "/shared").status == 204


def test_a_dataset_grows_by_versions(server: Server) -> None:
    assert call(server, "POST", "", {"name": "faq", "description": "Questions"}).status == 201
    assert call(server, "POST", "", {"name": "faq"}).json()["code"] == "dataset_exists"
    put = [
        {"id": "a", "input": "one", "expected": {"n": 1}, "context": ["x"]},
        {"input": [{"role": "user", "content": "two"}], "metadata": {"lang": "en"}},
    ]
    done = call(server, "POST", "/faq/changes", {"put": put, "message": "first", "parent": 0})
    assert (done.status, done.json()["made"], done.json()["version"]["version"]) == (200, True, 1)
    assert done.json()["counts"]["added"] == 2
    again = call(server, "POST", "/faq/changes", {"put": put})
    assert (again.json()["made"], again.json()["counts"]["unchanged"]) == (False, 2)
    stale = call(server, "POST", "/faq/changes", {"remove": ["a"], "parent": 0})
    assert (stale.status, stale.json()["code"]) == (409, "dataset_changed")
    change = {"put": [{"id": "a", "input": "ONE"}], "parent": 1}
    assert call(server, "POST", "/faq/changes", change).json()["version"]["changed"] == 1
    first = call(server, "GET", "/faq/items?version=1&limit=1").json()
    assert (first["items"][0]["expected"], bool(first["next_cursor"])) == ({"n": 1}, True)
    rest = call(server, "GET", f"/faq/items?version=1&cursor={first['next_cursor']}").json()
    assert [each["metadata"] for each in rest["items"]] == [{"lang": "en"}]
    assert call(server, "GET", "/faq/items?id=a").json()["items"][0]["input"] == "ONE"
    (changed,) = call(server, "GET", "/faq/diff?from=1&to=2").json()["items"]
    assert (changed["id"], changed["fields"]) == ("a", ["input", "expected", "context"])
    (listed,) = call(server, "GET", "").json()["items"]
    assert (listed["name"], listed["newest"]["item_count"]) == ("faq", 2)
    versions = call(server, "GET", "/faq/versions").json()["items"]
    assert [each["message"] for each in versions] == ["", "first"]
    changed = call(server, "PATCH", "/faq", {"description": "Answers"})
    assert changed.json()["description"] == "Answers"
    assert call(server, "DELETE", "/faq").status == 204
    assert call(server, "GET", "/faq").status == 404


def test_a_draft_becomes_one_version_or_nothing(server: Server) -> None:
    call(server, "POST", "", {"name": "large"})
    draft = call(server, "POST", "/large/drafts", {"parent": 0}).json()["id"]
    for batch in range(3):
        items = [{"input": f"question {batch}-{n}"} for n in range(50)]
        put = call(server, "POST", f"/large/drafts/{draft}/items", {"items": items})
        assert put.json()["added"] == 50
    assert call(server, "GET", f"/large/drafts/{draft}").json()["added"] == 150
    wrong = {"items": [{"input": "fine"}, {"input": 3, "source": {"place": "file.csv, line 7"}}]}
    refused = call(server, "POST", f"/large/drafts/{draft}/items", wrong)
    assert (refused.status, refused.json()["code"]) == (400, "dataset_item_invalid")
    assert refused.json()["detail"].startswith("file.csv, line 7: `input` is a number")
    assert call(server, "GET", "/large/items").json()["code"] == "dataset_version_not_found"
    done = call(server, "POST", f"/large/drafts/{draft}/commit", {"message": "import"}).json()
    assert (done["version"]["item_count"], done["version"]["author"] != "") == (150, True)
    assert call(server, "DELETE", f"/large/drafts/{draft}").status == 404


def test_a_large_item_is_stored_and_a_larger_one_refused(server: Server) -> None:
    call(server, "POST", "", {"name": "heavy"})
    fits = call(server, "POST", "/heavy/changes", {"put": [{"input": "x" * 3_000_000}]})
    assert fits.status == 200
    over = call(server, "POST", "/heavy/changes", {"put": [{"input": "x" * 4_300_000}]})
    assert (over.status, over.json()["code"]) == (400, "dataset_item_too_large")
    huge = call(server, "POST", "/heavy/changes", {"put": [{"input": "x" * 9_000_000}]})
    assert huge.status == 413


@pytest.mark.parametrize(
    "body",
    [
        {"put": [{"text": "unknown field"}]},
        {"put": [{"input": "x", "context": "no list"}]},
        {"put": [{"input": "x", "metadata": ["no object"]}]},
        {"put": [{"id": "x" * 201, "input": "x"}]},
        {"put": [{"input": "x"}] * 1001},
        {"parent": -1},
    ],
)
def test_a_body_that_is_not_valid_is_refused(server: Server, body: object) -> None:
    assert call(server, "POST", "/faq/changes", body).status == 422
