"""`penstock replay` against a running installation: a mixed day is built again from what is stored,
and a call is sent again as a key."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mixed_day import ROUTES, Asked, chats, others, providers, routed
from installation import Installation, wait_until
from tests.conftest import LawSettings

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("replay") / "home")
    try:
        it.start()
        set_up(it)
        yield it
    finally:
        it.kill()


def set_up(it: Installation) -> None:
    it.wait_for(it.answers)
    project = f"/api/v1/projects/{project_of(it)}"
    (sim,) = it.get(f"{project}/providers")["items"]
    for one in providers(sim["base_url"].removesuffix("/v1")):
        secret = "AKIDSIM:secret-of-AKIDSIM" if one.name == "aws" else "sk-canary-of-replays"
        fields = {"name": one.name, "kind": one.kind, "base_url": one.base_url, "api_key": secret}
        fields |= {"models": list(one.models), "private_allowed": True, "quirks": dict(one.quirks)}
        fields |= {"vendor": ""}
        it.post(f"{project}/providers", fields)
    for route in ROUTES:
        target, fallback = (f"{each.provider}/{each.model}" for each in route.targets)
        hedge = ("--hedge", "50=0.1") if route.hedge_percent else ()
        options = ("--target", target, "--fallback", fallback, "--attempts", "2", *hedge)
        it.run("route", "set", route.name, *options)
    wait_until(lambda: ask(it, routed()[0])[0] == 200)


def project_of(it: Installation) -> str:
    return str(it.get("/api/v1/projects")["items"][0]["id"])


def ask(it: Installation, asked: Asked) -> tuple[int, str]:
    request = urllib.request.Request(it.gateway + asked.path, asked.body or None)
    request.method = asked.method
    request.add_header("content-type", "application/json")
    for line in asked.headers.splitlines():
        name, _, value = line.partition(": ")
        request.add_header(name, value)
    request.add_header("authorization", f"Bearer {it.gateway_key}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
            return answer.status, answer.headers["x-penstock-trace-id"]
    except urllib.error.HTTPError as error:
        error.read()
        return error.code, error.headers["x-penstock-trace-id"]


def get(it: Installation, path: str) -> tuple[int, Any]:
    try:
        return 200, it.get(path)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_every_span_of_a_mixed_day_is_built_again_from_what_is_stored(
    installation: Installation, law: LawSettings
) -> None:
    drawn: list[Asked] = []

    @law(80)
    @given(st.one_of(chats(), chats(), others()))
    def draw(asked: Asked) -> None:
        drawn.append(asked)

    draw()
    traces = [
        ask(installation, asked)[1]
        for asked in (*drawn, *routed())
        for _ in range(1 + asked.repeated)
    ]
    wait_until(lambda: get(installation, f"/api/v1/traces/{traces[-1]}")[0] == 200)
    project = f"/api/v1/projects/{project_of(installation)}"
    attempts, cached = 0, 0
    for trace_id in traces:
        spans = installation.get(f"/api/v1/traces/{trace_id}")["spans"]
        call = next(one for one in spans if one["kind"] == "call")
        sent = [one for one in spans if one["kind"] == "attempt"]
        for span in sent:
            status, found = get(installation, f"{project}/replays/{span['span_id']}")
            assert status == 200, (found, span, call["request"])
            assert found["digest"] == span["attributes"]["penstock.request.digest"]
            assert "canary" not in json.dumps(found)
            attempts += 1
        status, found = get(installation, f"{project}/replays/{trace_id}")
        if sent or "penstock.cache.hit" in call["attributes"]:
            assert status == 200, (found, call)
            assert found["cached"] == (not sent)
            cached += found["cached"]
        else:
            assert (status, found["code"]) == (422, "nothing_sent"), call
    assert attempts > 80
    assert cached > 0


def test_a_call_is_sent_again_and_compared(installation: Installation) -> None:
    _, trace_id = ask(installation, routed()[0])
    wait_until(lambda: get(installation, f"/api/v1/traces/{trace_id}")[0] == 200)
    keys = installation.json("key", "list")
    key = next(one["id"] for one in keys if not one.get("role"))
    shown = installation.run("replay", trace_id)
    assert "/v1/messages" in shown
    assert '"messages"' in shown
    found = installation.json("replay", trace_id, "--send", "--key", key)
    assert found["after"]["status"] == "ok"
    assert found["after"]["trace_id"] != trace_id
    assert found["before"]["request_digest"] == found["after"]["request_digest"] != ""
    other = installation.json("replay", trace_id, "--send", "--key", key, "--model", "co/command-a")
    assert other["after"]["provider"] == "co"
    assert "model" in other["differs"]
    text = installation.run("replay", trace_id, "--send", "--key", key)
    assert "The provider got the same request." in text
    (event, *_) = installation.json("audit", "list")
    assert event["action"] == "call.send"
    call = installation.get(f"/api/v1/traces/{found['after']['trace_id']}")["spans"][0]
    assert call["attributes"]["penstock.key.id"] == key


def test_a_request_that_cannot_be_built_names_what_is_missing(installation: Installation) -> None:
    body = json.dumps({"model": "co/command-a", "messages": [{"role": "user", "content": "hi"}]})
    _, trace_id = ask(installation, Asked("/v1/chat/completions", body.encode()))
    wait_until(lambda: get(installation, f"/api/v1/traces/{trace_id}")[0] == 200)
    path = f"/api/v1/projects/{project_of(installation)}"
    assert get(installation, f"{path}/replays/{trace_id}")[0] == 200
    installation.run("provider", "remove", "co")
    wait_until(lambda: get(installation, f"{path}/replays/{trace_id}")[0] == 422)
    assert "no provider 'co'" in installation.run("replay", trace_id, code=1)
    assert get(installation, f"{path}/replays/{trace_id}")[1]["code"] == "provider_gone"
    assert "no span" in installation.run("replay", "ab" * 8, code=4)
    assert "no id" in installation.run("replay", "xyz", code=1)
    assert "--key" in installation.run("replay", trace_id, "--send", code=2)
