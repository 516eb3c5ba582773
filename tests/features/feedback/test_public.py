"""Feedback of web pages through a real server."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.features.feedback.service.public import ADDRESS_PER_MINUTE
from penstock.features.feedback.service.rates import MAX_REMEMBERED, RequestRates
from penstock.infra.crypto import Sealer, derive_key
from penstock.kernel.errors import RateLimited
from penstock.kernel.time import SystemClock
from penstock.rules.scores.answer_token import PURPOSE, AnswerToken, sign_answer
from penstock.rules.snapshot.tree import SEALED_PURPOSE
from tests.server.running import Answer, Caller, Server, by_key, running

ORIGIN = "https://app.example.com"
TRACE, SPAN = "ab" * 16, "cd" * 8


class Page:
    """A web page with a public key."""

    def __init__(self, server: Server, **key: Any) -> None:
        self.server = server
        path = f"/api/v1/projects/{server.project_id()}/feedback-keys"
        body = {"name": "shop", "origins": [ORIGIN], **key}
        answer = server.call("POST", path, server.root, body)
        assert answer.status == 201, answer.body
        self.key: str = answer.json()["key"]
        self.key_id: str = answer.json()["id"]

    def token(self, **changes: Any) -> str:
        expires_s = int(time.time()) + 60
        fields = {"trace_id": TRACE, "span_id": SPAN, "expires_s": expires_s} | changes
        token = AnswerToken(**{"project_id": self.server.project_id()} | fields)
        return sign_answer(token, self._secret()).decode()

    def _secret(self) -> bytes:
        """The secret that gateways get with their snapshot."""
        gateway_token = (self.server.home / "gateway.token").read_text().strip()
        self.server.wait_for("/readyz")
        path = "/internal/v1/snapshot/sealed"
        raw = self.server.call("GET", path, by_key(gateway_token)).body
        sealer = Sealer(derive_key(bytes.fromhex(gateway_token), SEALED_PURPOSE))
        return derive_key(bytes.fromhex(json.loads(sealer.open(raw))["pepper"]), PURPOSE)

    def send(self, body: object, origin: str | None = ORIGIN, method: str = "POST") -> Answer:
        headers = {"content-type": "text/plain"} | ({"origin": origin} if origin else {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = f"/feedback/v1/keys/{self.key}"
        return self.server.call(method, path, None, content, headers)

    def feedback(self, token: str, *items: dict[str, Any]) -> Answer:
        return self.send(
            {"token": token, "feedback": items or ({"name": "thumbs", "value": True},)}
        )

    def stored(self) -> list[dict[str, Any]]:
        query = f"project_id={self.server.project_id()}&kind=feedback&limit=500"
        found = self.server.call("GET", f"/api/v1/scores?{query}", self.server.root).json()
        return [each for each in found["items"] if each["written_by"] == self.key_id]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("public") / "home") as server:
        server.wait_for("/readyz")
        yield server


@pytest.fixture(scope="module")
def page(server: Server) -> Page:
    return Page(server)


def test_a_page_sends_feedback_on_its_answer(page: Page) -> None:
    token = page.token(trace_id="01" * 16)
    items = [
        {"name": "thumbs", "value": False},
        {"name": "rating", "value": 2},
        {"name": "category", "value": "wrong"},
        {"name": "correction", "comment": "It is 42."},
        {"name": "copied", "value": True},
    ]
    answer = page.feedback(token, *items)
    assert (answer.status, answer.json()) == (200, {"accepted": 5})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    page.feedback(token, {"name": "thumbs", "value": True})  # changed
    stored = {each["name"]: each for each in page.stored()}
    assert len(stored) == len(page.stored()) == 5
    assert (stored["thumbs"]["value"], stored["rating"]["value"]) == (True, 2)
    assert stored["correction"]["comment"] == "It is 42."
    assert {each["span_id"] for each in stored.values()} == {SPAN}
    assert {each["source"] for each in stored.values()} == {"user"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"project_id": "prj_other"}, "answer_of_another_project"),
        ({"expires_s": 1}, "answer_token_expired"),
    ],
)
def test_a_token_is_for_one_answer_of_the_project(
    page: Page, changes: dict[str, Any], code: str
) -> None:
    refused = page.feedback(page.token(**changes))
    assert (refused.status, refused.json()["code"]) == (403, code)
    assert refused.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    "item",
    [
        {"name": "thumbs", "value": 1},
        {"name": "rating", "value": 6},
        {"name": "rating", "value": 2.5},
        {"name": "quality", "value": True},
        {"name": "comment", "comment": " "},
        {"name": "comment", "value": "x"},
        {"name": "comment", "comment": "x" * 10_001},
        {"name": "thumbs", "value": True, "trace_id": TRACE},
    ],
)
def test_feedback_without_sense_is_refused_as_a_whole(page: Page, item: dict[str, Any]) -> None:
    token = page.token(trace_id="02" * 16)
    refused = page.feedback(token, {"name": "copied", "value": True}, item)
    assert refused.status == 400, refused.body
    assert not [each for each in page.stored() if each["trace_id"] == "02" * 16]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", b"[" * 5000, b'{"token": 1, "feedback": []}']
)
def test_another_body_is_refused(page: Page, body: bytes) -> None:
    assert page.send(body).status == 400


def test_a_wrong_token_is_refused(page: Page) -> None:
    for token in ("", "pat_x.y", page.token() + "x", "x" * 10_000):
        refused = page.feedback(token)
        assert (refused.status, refused.json()["code"]) == (403, "answer_token_wrong")


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example.com", f"{ORIGIN}.evil.com", f"{ORIGIN}:8443"]
)
def test_a_public_key_is_for_its_origins(page: Page, origin: str | None) -> None:
    for method in ("POST", "OPTIONS"):
        refused = page.send({"token": page.token()}, origin, method)
        assert (refused.status, refused.json()["code"]) == (403, "foreign_origin")
        assert "access-control-allow-origin" not in refused.headers


def test_a_browser_may_ask_before(page: Page) -> None:
    answer = page.send(b"", method="OPTIONS")
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert "access-control-allow-credentials" not in answer.headers


def test_a_public_key_is_for_nothing_else(page: Page, server: Server) -> None:
    caller = by_key(page.key)
    for path in ("/api/v1/session", "/api/v1/scores", "/api/v1/traces", "/api/v1/projects"):
        assert server.call("GET", path, caller).status == 401
    assert server.call("POST", "/api/v1/scores", caller, {"name": "a"}).status == 401
    foreign = Caller({"origin": ORIGIN})
    body = {"email": "a", "password": "b"}
    assert server.call("POST", "/api/v1/session", foreign, body).status == 403


def test_a_removed_key_is_of_no_use(server: Server) -> None:
    page = Page(server)
    token = page.token()
    path = f"/api/v1/projects/{server.project_id()}/feedback-keys"
    assert page.key_id in [
        each["id"] for each in server.call("GET", path, server.root).json()["items"]
    ]
    assert server.call("DELETE", f"{path}/{page.key_id}", server.root).status == 204
    refused = page.feedback(token)
    assert (refused.status, refused.json()["code"]) == (404, "unknown_feedback_key")
    assert server.call("DELETE", f"{path}/{page.key_id}", server.root).status == 404


@pytest.mark.parametrize(
    "origin", ["app.example.com", "https://a/b", "https://*", "null", "HTTPS://A.B", ""]
)
def test_what_is_no_origin_is_refused(server: Server, origin: str) -> None:
    path = f"/api/v1/projects/{server.project_id()}/feedback-keys"
    body = {"name": "x", "origins": [origin]}
    assert server.call("POST", path, server.root, body).status == 400


def test_the_script_may_be_loaded_by_other_sites(server: Server) -> None:
    answer = server.call("GET", "/feedback/v1/feedback.js", headers={"host": "cdn.example.com"})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert b"PenstockFeedback" in answer.body
    page = server.call("GET", "/")
    assert page.headers["cross-origin-resource-policy"] == "same-origin"


def test_an_address_that_guesses_keys_is_limited_for_all_keys(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        page = Page(server)
        path = "/feedback/v1/keys/guessed"
        begun = time.monotonic()
        found = [server.call("POST", path, None, b"{}").status for _ in range(ADDRESS_PER_MINUTE)]
        seconds = time.monotonic() - begun
        assert set(found) <= {404, 429}
        # Half a minute's requests at once, then one as often as the rate allows.
        assert found.count(404) <= ADDRESS_PER_MINUTE * (1 / 2 + seconds / 60) + 1
        assert 429 in {page.feedback("any").status for _ in range(20)}


class StoppedClock(SystemClock):
    at = 0.0

    def monotonic(self) -> float:
        return self.at


def test_requests_are_limited_for_each_name() -> None:
    clock = StoppedClock()
    rates = RequestRates(clock)

    def is_accepted(name: str) -> bool:
        try:
            rates.take(name, 60)
        except RateLimited:
            return False
        return True

    accepted = 0
    for second in range(600):
        clock.at = float(second)
        accepted += sum(is_accepted("a") for _ in range(10))
        assert is_accepted("b")
    assert 600 <= accepted <= 600 + 60 / 2


def test_a_slow_limit_admits_its_first_request() -> None:
    rates = RequestRates(StoppedClock())
    rates.take("a", 1)
    with pytest.raises(RateLimited):
        rates.take("a", 1)


def test_the_oldest_names_are_forgotten() -> None:
    rates = RequestRates(StoppedClock())
    rates.take("first", 1)
    for number in range(MAX_REMEMBERED):
        rates.take(str(number), 1)
    rates.take("first", 1)
