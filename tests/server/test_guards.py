"""What the network meets before any route: names, origins, sizes, headers, errors, metrics."""

import contextlib
import http.client
import json

import pytest

from tests.server.running import Server, by_key

PROJECTS = "/api/v1/projects"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "localhost:80", "[::1]:4001", "10.0.0.7"]
)
def test_this_machines_names_are_answered(server: Server, host: str) -> None:
    assert server.call("GET", PROJECTS, server.root, headers={"host": host}).status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "a@b"])
def test_a_rebound_name_is_refused(server: Server, host: str) -> None:
    refused = server.call("GET", PROJECTS, server.root, headers={"host": host})
    assert (refused.status, refused.json()["code"]) == (400, "unknown_host")


def test_probes_answer_under_any_name(server: Server) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert server.call("GET", path, headers={"host": "10.1.2.3:4001"}).status == 200


def test_another_site_may_change_nothing(server: Server) -> None:
    body = {"name": ""}
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        refused = server.call("POST", PROJECTS, server.root, body, {"origin": origin})
        assert (refused.status, refused.json()["code"]) == (403, "foreign_origin")
    own = {"origin": f"http://127.0.0.1:{server.port}"}
    assert server.call("POST", PROJECTS, server.root, body, own).status == 422


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server: Server) -> None:
    stated = server.call("POST", PROJECTS, server.root, b"x" * 1_048_577)
    assert (stated.status, stated.json()["code"]) == (413, "request_too_large")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    chunks = (b"x" * 65536 for _ in range(1000))
    with contextlib.suppress(OSError):  # the server may hang up while it is still sent
        connection.request("POST", PROJECTS, chunks, server.root.headers, encode_chunked=True)
        assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"name": "x",', "body"),
        (b'{"name": ""}', "body.name"),
        (b'{"name": "x", "colour": "red"}', "body.colour"),
        (b'{"name": ["pk_canary"]}', "body.name"),
    ],
)
def test_a_bad_body_is_named_and_not_repeated(server: Server, body: bytes, place: str) -> None:
    refused = server.call("POST", PROJECTS, server.root, body)
    assert refused.status == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["param"].startswith(place)
    assert "pk_canary" not in refused.body.decode()


def test_every_answer_has_safe_headers(server: Server) -> None:
    for path in ("/", "/healthz", PROJECTS, "/api/v1/none"):
        headers = server.call("GET", path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert server.call("GET", PROJECTS).headers["cache-control"] == "no-store"


def test_unknown_addresses_and_methods_are_problems(server: Server) -> None:
    missing = server.call("GET", "/api/v1/none")
    assert (missing.status, missing.json()["code"]) == (404, "not_found")
    wrong = server.call("PUT", "/healthz")
    assert wrong.status in {404, 405}
    assert wrong.headers["content-type"] == "application/problem+json"


def test_an_unauthenticated_caller_gets_a_hint(server: Server) -> None:
    refused = server.call("GET", PROJECTS)
    assert refused.status == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert "Bearer" in refused.json()["hint"]


def test_openapi_describes_the_api(server: Server) -> None:
    document = server.call("GET", "/api/v1/openapi.json").json()
    assert document["info"]["title"] == "Penstock"
    assert {PROJECTS, "/api/v1/session", "/api/v1/traces", "/api/v1/backup"} <= set(
        document["paths"]
    )
    assert not [path for path in document["paths"] if path.startswith("/internal/")]
    ids = [
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
    ]
    assert len(ids) == len(set(ids))


def test_metrics_count_by_route_and_not_by_path(server: Server) -> None:
    project_id = server.project_id()
    server.call("GET", f"{PROJECTS}/{project_id}", server.root)
    server.call("GET", "/api/pk_canary")
    token = (server.home / "metrics.token").read_text().strip()
    text = server.call("GET", "/metrics", by_key(token)).body.decode()
    labels = 'method="GET",route="/api/v1/projects/{project_id}",status="200"'
    assert f"penstock_server_requests_total{{{labels}}}" in text
    assert project_id not in text
    assert "pk_canary" not in text


def test_without_its_token_metrics_tell_only_how_many_requests_got_which_status(
    server: Server,
) -> None:
    for caller in (None, by_key("wrong"), server.root):
        text = server.call("GET", "/metrics", caller).body.decode()
        assert 'penstock_server_requests_total{status="200"} ' in text
        assert "/api" not in text
        assert "seconds" not in text


def test_a_project_is_changed_and_a_person_gets_a_new_password(server: Server) -> None:
    path = f"{PROJECTS}/{server.project_id()}"
    changed = server.call("PATCH", path, server.root, {"on_spool_full": "serve"}).json()
    assert (changed["name"], changed["on_spool_full"]) == ("default", "serve")
    server.call("PATCH", path, server.root, {"on_spool_full": "refuse"})
    bob = server.call(
        "GET", "/api/v1/session", server.join(server.project_id(), "Bob@X.org", "viewer")
    )
    assert bob.json()["label"] == "bob@x.org"
    member = f"{path}/members/{bob.json()['id']}"
    assert server.call("PATCH", member, server.root, {"role": "editor"}).json()["role"] == "editor"
    reset = server.call("POST", f"/api/v1/users/{bob.json()['id']}/password", server.root)
    session = server.sign_in("bob@x.org", reset.json()["password"])
    who = server.call("GET", "/api/v1/session", session).json()
    assert (who["kind"], who["label"], who["csrf_token"]) == (
        "user",
        "bob@x.org",
        session.headers["x-csrf-token"],
    )
    assert server.call("DELETE", "/api/v1/session", session).status == 204
    assert server.call("GET", "/api/v1/session", session).status == 401
    assert server.call("DELETE", "/api/v1/session", server.root).status == 403
    assert server.call("DELETE", member, server.root).status == 204
    wrong = {"email": "no", "role": "viewer"}
    assert server.call("POST", f"{path}/invitations", server.root, wrong).status == 422


def test_a_key_without_bearer_gets_a_hint(server: Server) -> None:
    refused = server.call("GET", PROJECTS, headers={"authorization": "Basic eDp5"})
    assert (refused.status, "Bearer" in refused.json()["detail"]) == (401, True)


def test_pages_have_cursors(server: Server) -> None:
    path = f"{PROJECTS}/{server.project_id()}/audit"
    first = server.call("GET", f"{path}?limit=1", server.root).json()
    second = server.call("GET", f"{path}?limit=1&cursor={first['next_cursor']}", server.root).json()
    assert first["items"][0]["previous"] == second["items"][0]["hash"]
    assert server.call("GET", f"{path}?cursor=%FF", server.root).status == 400
    assert server.call("GET", f"{path}?cursor=%00", server.root).status == 422
    assert server.call("GET", f"{path}?cursor=!!", server.root).status == 400
    assert server.call("GET", f"{path}?limit=0", server.root).status == 422


def test_an_audit_export_is_json_lines(server: Server) -> None:
    answer = server.call("GET", f"{PROJECTS}/{server.project_id()}/audit/export", server.root)
    assert answer.headers["content-type"] == "application/jsonl"
    assert [json.loads(line)["sequence"] for line in answer.body.splitlines()][:2] == [1, 2]
