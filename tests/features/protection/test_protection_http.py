"""Evidence and approvals through the REST API and the command line of a real server."""

from collections.abc import Iterator

import pytest

from tests.server.running import Answer, Caller, Server, by_key, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("protection") / "home") as server:
        new: dict[str, object] = {
            "name": "mine",
            "base_url": "https://models.example.org/v1",
            "models": [],
        }
        assert call(server, "POST", "providers", new).status == 201
        high = {"name": "support", "risk_tier": "high"}
        assert call(server, "POST", "use-cases", high).status == 201
        yield server


def call(
    server: Server, method: str, path: str, body: object = None, caller: Caller | None = None
) -> Answer:
    address = f"/api/v1/projects/{server.project_id()}/{path}"
    return server.call(method, address, caller or server.root, body)


def made(server: Server, model: str, caller: Caller | None = None) -> str:
    return str(call(server, "POST", "releases", {"model": model}, caller).json()["digest"])


def test_the_way_into_production(server: Server) -> None:
    editor = server.join(server.project_id(), "eve@example.org", "editor")
    second = server.join(server.project_id(), "bob@example.org", "editor")
    key = call(server, "POST", "keys", {"name": "gate", "scopes": ["evidence:write"]}).json()
    gate = by_key(key["secret"])
    digest = made(server, "mine/a", editor)
    start = {"release": digest, "seen": 0}
    refused = call(server, "PUT", "rollouts/support/production", start)
    assert (refused.status, refused.json()["code"]) == (409, "evidence_missing")
    assert "no approval" in refused.json()["detail"]
    found = {"kind": "evals", "result": "passed", "run": "run_7", "figures": {"correct": 0.97}}
    assert call(server, "POST", f"releases/{digest}/evidence", found, editor).status == 403
    added = call(server, "POST", f"releases/{digest[:10]}/evidence", found, gate)
    assert (added.status, added.json()["author"]) == (201, "gate")
    assert call(server, "GET", f"releases/{digest}/evidence", caller=gate).status == 403
    listed = call(server, "GET", f"releases/{digest}/evidence", caller=second).json()["items"]
    assert listed == [added.json()]
    admission = f"releases/{digest}/admission/support/production"
    (missing,) = call(server, "GET", admission).json()["missing"]
    assert missing["code"] == "approval_missing"
    approval = f"releases/{digest}/approvals/support/production"
    why = {"message": "tested"}
    assert call(server, "POST", f"{approval}/approve", why, second).status == 409
    assert call(server, "POST", f"{approval}/request", why, editor).status == 200
    waiting = call(server, "GET", "approvals?state=requested").json()["items"]
    assert [each["release"] for each in waiting] == [digest]
    own = call(server, "POST", f"{approval}/approve", why, editor)
    assert (own.status, own.json()["code"]) == (403, "approver_is_author")
    done = call(server, "POST", f"{approval}/approve", why, second).json()
    assert (done["state"], done["actor"]) == ("approved", "bob@example.org")
    assert call(server, "GET", admission).json() == {"admitted": True, "missing": []}
    assert call(server, "PUT", "rollouts/support/production", start).status == 200


def test_a_key_made_by_the_author_does_not_approve(server: Server) -> None:
    admin = server.join(server.project_id(), "ann@example.org", "admin")
    digest = made(server, "mine/b", admin)
    new = call(server, "POST", "keys", {"name": "hers", "role": "editor"}, admin).json()
    approval = f"releases/{digest}/approvals/support/production"
    call(server, "POST", f"{approval}/request", {"message": ""}, admin)
    refused = call(server, "POST", f"{approval}/approve", {"message": ""}, by_key(new["secret"]))
    assert (refused.status, refused.json()["code"]) == (403, "approver_is_author")


@pytest.mark.parametrize(
    "change",
    [
        {"result": "maybe"},
        {"kind": "Evals"},
        {"figures": {"a": "many"}},
        {"figures": {str(at): 1.0 for at in range(101)}},
        {"run": "x" * 1001},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"unknown": 1},
    ],
)
def test_evidence_of_another_form_is_refused(server: Server, change: dict[str, object]) -> None:
    path = f"releases/{made(server, 'mine/c')}/evidence"
    body: dict[str, object] = {"kind": "evals", "result": "passed"}
    assert call(server, "POST", path, body | change).status in {400, 422}
    assert call(server, "GET", path).json()["items"] == []


def test_other_projects_see_nothing(server: Server) -> None:
    digest = made(server, "mine/d")
    other = server.call("POST", "/api/v1/projects", server.root, {"name": "other"}).json()["id"]
    address = f"/api/v1/projects/{other}/releases/{digest}/evidence"
    body = {"kind": "evals", "result": "passed"}
    assert server.call("POST", address, server.root, body).status == 404
    assert server.call("GET", address, server.root).status == 404


def test_approvals_are_listed_by_page(server: Server) -> None:
    editor = server.join(server.project_id(), "pat@example.org", "editor")
    digests = [made(server, f"mine/page-{at}", editor) for at in range(5)]
    for digest in digests:
        path = f"releases/{digest}/approvals/support/production/request"
        assert call(server, "POST", path, {"message": "page"}, editor).status == 200
    found, cursor = list[str](), ""
    while True:
        page = call(server, "GET", f"approvals?state=requested&limit=2&cursor={cursor}").json()
        assert len(page["items"]) <= 2
        found += [each["release"] for each in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(found) == len(set(found))
    assert set(digests) <= set(found)
    for wrong in ("AAAA", "MS8y"):
        assert call(server, "GET", f"approvals?cursor={wrong}").status == 400
