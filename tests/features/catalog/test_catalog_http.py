"""Providers and prices through the REST API of a real server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.features.world import SECRET
from tests.server.running import Answer, Caller, Server, by_key, running


class _Models(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"data": [{"id": "llama-3"}, {"id": "llama-4"}]}).encode()
        self.send_response(200 if self.path == "/v1/models" else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Models)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("catalog") / "home") as server:
        yield server


@pytest.fixture(scope="module")
def viewer(server: Server) -> Caller:
    return server.join(server.project_id(), "vic@example.org", "viewer")


def call(server: Server, method: str, path: str, body: object = None) -> Answer:
    return server.call(method, f"/api/v1/projects/{server.project_id()}/{path}", server.root, body)


def test_a_known_vendor_is_added_by_its_name(server: Server) -> None:
    known = {
        item["name"]: item for item in call(server, "GET", "providers/vendors").json()["items"]
    }
    added = call(server, "POST", "providers", {"name": "groq", "api_key": SECRET}).json()
    for field in ("base_url", "kind", "quirks"):
        assert added[field] == known["groq"][field]
    assert added["vendor"] == "groq"
    assert call(server, "DELETE", "providers/groq").status == 204


def test_a_provider_from_its_adding_to_its_removal(server: Server, upstream: str) -> None:
    wanted = {"name": "local", "base_url": upstream, "api_key": SECRET, "private_allowed": True}
    added = call(server, "POST", "providers", wanted)
    assert (added.status, added.json()["api_key_hint"]) == (201, "…wxyz")
    checked = call(server, "POST", "providers/local/test").json()
    assert (checked["ok"], checked["models"]) == (True, ["llama-3", "llama-4"])
    listed = call(server, "GET", "providers")
    view = next(item for item in listed.json()["items"] if item["name"] == "local")
    assert view["models"] == ["llama-3", "llama-4"]
    assert SECRET not in (added.body + listed.body).decode()
    changed = call(server, "PATCH", "providers/local", {"models": ["llama-3"]}).json()
    assert (changed["models"], changed["models_pinned"]) == (["llama-3"], True)
    assert call(server, "DELETE", "providers/local").status == 204
    assert call(server, "POST", "providers/local/test").status == 404


def test_a_further_credential_from_its_adding_to_its_removal(
    server: Server, viewer: Caller
) -> None:
    call(server, "POST", "providers", {"name": "groq", "api_key": SECRET})
    path = "providers/groq/credentials"
    added = call(server, "POST", path, {"name": "second", "api_key": f"{SECRET}-abcd"})
    assert (added.status, added.json()["api_key_hint"]) == (201, "…abcd")
    listed = call(server, "GET", path)
    assert [one["name"] for one in listed.json()["items"]] == ["default", "second"]
    assert SECRET not in (added.body + listed.body).decode()
    whole = f"/api/v1/projects/{server.project_id()}/{path}"
    assert server.call("GET", whole, viewer).status == 200
    for method, tail in (("POST", ""), ("DELETE", "/second")):
        body = {"name": "x", "api_key": "sk-x"} if method == "POST" else None
        assert server.call(method, whole + tail, viewer, body).status == 403
    assert call(server, "DELETE", f"{path}/second").status == 204
    assert call(server, "DELETE", f"{path}/second").status == 404
    assert call(server, "DELETE", "providers/groq").status == 204


def test_a_provider_that_does_not_answer_is_a_failed_check(server: Server, upstream: str) -> None:
    wanted = {"name": "wrong", "base_url": f"{upstream}/x", "private_allowed": True}
    call(server, "POST", "providers", wanted)
    checked = call(server, "POST", "providers/wrong/test")
    assert (checked.status, checked.json()["ok"]) == (200, False)
    assert "/v1" in checked.json()["problem"]


def test_own_prices_keep_every_digit(server: Server) -> None:
    wanted = {
        "model": "llama-*",
        "prices": [
            {"unit": "input_tokens", "price": "0.070001"},
            {"unit": "output_tokens", "price": 0.1, "tiers": [{"above": 5, "price": "0.2"}]},
        ],
        "starts_at": "2026-01-01T00:00:00Z",
    }
    added = call(server, "POST", "prices", wanted)
    assert added.status == 201
    price = added.json()
    assert [p["price"] for p in price["prices"]] == ["0.070001", "0.1"]
    assert (price["provider"], price["starts_at"]) == ("*", "2026-01-01T00:00:00Z")
    replaced = call(server, "PUT", f"prices/{price['id']}", wanted | {"provider": "local"})
    assert replaced.json()["provider"] == "local"
    assert replaced.json() in call(server, "GET", "prices").json()["items"]
    assert call(server, "DELETE", f"prices/{price['id']}").status == 204


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("providers", {"name": "x", "base_url": "http://10.1.2.3/v1"}, 400),
        ("providers", {"name": "x", "base_url": "https://x", "surprise": 1}, 422),
        ("providers", {"name": "X Y", "base_url": "https://x.example.com"}, 400),
        ("prices", {"model": "m", "prices": []}, 422),
        ("prices", {"model": "m", "prices": [{"unit": "seconds", "price": "1"}]}, 422),
        ("prices", {"model": "m", "prices": [{"unit": "requests", "price": "-1"}]}, 400),
    ],
)
def test_invalid_bodies_are_rejected(server: Server, path: str, body: object, status: int) -> None:
    answer = call(server, "POST", path, body)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_private_address_needs_an_instance_admin(server: Server) -> None:
    made = call(server, "POST", "keys", {"name": "admin", "role": "admin"}).json()
    path = f"/api/v1/projects/{server.project_id()}/providers"
    wanted = {"name": "near", "base_url": "http://10.1.2.3/v1", "private_allowed": True}
    refused = server.call("POST", path, by_key(made["secret"]), wanted)
    problem = refused.json()
    assert (refused.status, problem["code"]) == (403, "private_needs_instance_admin")
    assert "instance admin" in problem["detail"]


def test_viewers_may_look_and_not_touch(server: Server, viewer: Caller) -> None:
    base = f"/api/v1/projects/{server.project_id()}"
    for path in ("providers", "prices"):
        assert server.call("GET", f"{base}/{path}", viewer).status == 200
        assert server.call("DELETE", f"{base}/{path}/x", viewer).status == 403
    assert server.call("POST", f"{base}/providers/x/test", viewer).status == 403


def test_models_have_facts_prices_and_providers(server: Server, viewer: Caller) -> None:
    models = ["gpt-5-mini", "unknown-model"]
    body = {"name": "openai", "api_key": SECRET, "models": models}
    assert call(server, "POST", "providers", body).status == 201
    path = f"/api/v1/projects/{server.project_id()}/models?provider=openai"
    known, unknown = server.call("GET", path, viewer).json()["items"]
    assert (known["id"], unknown["id"]) == ("gpt-5-mini", "unknown-model")
    facts = known["facts"]
    assert (facts["vendor"], facts["context_tokens"], facts["tools"]) == ("OpenAI", 400_000, True)
    assert facts["inputs"] == ["text", "image", "document"]
    assert all(source["url"] and source["date"] for source in facts["sources"])
    assert known["retirement"]["on"] == "2026-12-11"
    (offer,) = known["providers"]
    assert (offer["send_as"], offer["by_vendor"]) == ("openai/gpt-5-mini", True)
    assert {price["unit"]: price["price"] for price in offer["prices"]}["input_tokens"] == "0.25"
    assert (unknown["facts"], unknown["retirement"]) == (None, None)
    assert unknown["providers"][0]["prices"] is None
    assert call(server, "GET", "models?limit=1&provider=openai").json()["next_cursor"]
    assert call(server, "DELETE", "providers/openai").status == 204


def test_only_instance_admins_import_facts_and_prices(server: Server, viewer: Caller) -> None:
    path = "/api/v1/models/imports"
    body = {"content": "vendor = 'acme'"}
    assert server.call("POST", path, viewer, body).status == 403
    assert server.call("GET", path, viewer).status == 403
    done = server.call("POST", path, server.root, body)
    assert done.status == 201
    (one,) = done.json()["items"]
    assert (one["kind"], one["vendor"], one["row_count"]) == ("facts", "acme", 0)
    bad = server.call("POST", path, server.root, {"content": "vendor = 'acme'\nmodels = [{}]"})
    assert bad.status == 400
    assert "row 1" in bad.json()["detail"]
    assert [item["vendor"] for item in server.call("GET", path, server.root).json()["items"]] == [
        "acme"
    ]
    assert server.call("DELETE", f"{path}/facts/acme", server.root).status == 204
    assert server.call("DELETE", f"{path}/facts/acme", server.root).status == 404
    assert server.call("DELETE", f"{path}/smells/acme", server.root).status == 422


def test_a_large_file_can_be_imported(server: Server) -> None:
    sources = 'sources = [{ url = "https://e.org", date = 2026-11-29 }]'
    rows = "".join(f'[[models]]\nnames = ["m-{n}"]\n{sources}\n' for n in range(30_000))
    body = {"content": "vendor = 'large'\n" + rows}
    assert len(json.dumps(body)) > 2 * 1024 * 1024
    done = server.call("POST", "/api/v1/models/imports", server.root, body)
    assert done.json()["items"][0]["row_count"] == 30_000
    assert server.call("DELETE", "/api/v1/models/imports/facts/large", server.root).status == 204
