"""`penstock replay` against a running installation: a mixed day is built again from what is stored,
and a call is sent again as a key."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mixed_day import (
    ARMS,
    CARD,
    CHECKED,
    PROMPT,
    RELEASES,
    ROUTES,
    Asked,
    chats,
    of_use_cases,
    others,
    providers,
    routed,
)
from installation import Installation, wait_until
from penstock.features import replays
from tests.conftest import LawSettings

pytestmark = pytest.mark.drill
REASONS = (Path(__file__).parents[3] / "docs" / "replay.md").read_text()


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
    it.run("guardrail", "set", "cards", "--check", f"card_numbers:{','.join(CHECKED)}:redact")
    digests = release(it, project)
    shares = [f"{digest}=50" for digest in digests[:2]]
    it.run("use-case", "set", ARMS, "--owner", "qa", "--status", "active")
    it.run("rollout", "start", ARMS, digests[0])
    it.run("rollout", "compare", ARMS, *shares, "--sticky", "request")
    wait_until(lambda: ask(it, routed()[0])[0] == 200)
    wait_until(lambda: ask(it, of_use_case(ARMS))[0] == 200)


def release(it: Installation, project: str) -> list[str]:
    """Lets the releases of the mixed day answer its use cases; returns their hashes."""
    prompt = {"name": "mixed", "content": msgspec.to_builtins(PROMPT)}
    it.post(f"{project}/prompts", prompt)
    digests = list[str]()
    for name, each in RELEASES.items():
        digest = it.post(f"{project}/releases", msgspec.to_builtins(each))["digest"]
        proof = {"kind": "smoke", "result": "passed"}
        it.post(f"{project}/releases/{digest}/evidence", proof)
        it.run("use-case", "set", name, "--owner", "qa", "--status", "active")
        it.run("rollout", "start", name, digest)
        digests.append(digest)
    return digests


def of_use_case(name: str, **variables: str) -> Asked:
    body = {"model": name, "messages": [{"role": "user", "content": "hi"}]}
    body["variables"] = {"product": "shoes", **variables}
    return Asked("/v1/chat/completions", json.dumps(body).encode())


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
        for asked in (*drawn, *of_use_cases(), *routed())
        for _ in range(1 + asked.repeated)
    ]
    wait_until(lambda: get(installation, f"/api/v1/traces/{traces[-1]}")[0] == 200)
    project = f"/api/v1/projects/{project_of(installation)}"
    attempts, cached, cases, redacted = 0, 0, set[str](), 0
    for trace_id in traces:
        spans = installation.get(f"/api/v1/traces/{trace_id}")["spans"]
        call = next(one for one in spans if one["kind"] == "call")
        sent = [one for one in spans if one["kind"] == "attempt"]
        for span in sent:
            status, found = get(installation, f"{project}/replays/{span['span_id']}")
            assert status == 200, (found, span, call["request"])
            assert found["digest"] == span["attributes"]["penstock.request.digest"]
            assert "canary" not in json.dumps(found)
            assert CARD not in found["body"]
            redacted += "[card number]" in found["body"]
            cases.add(call["attributes"].get("penstock.use_case", ""))
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
    assert redacted > 0
    assert cases >= {*RELEASES, ARMS}


def incomplete() -> dict[str, Asked]:
    """Calls that cannot be replayed, by the code that says why."""
    form = (
        b'--b\r\ncontent-disposition: form-data; name="model"\r\n\r\noai/whisper\r\n--b\r\n'
        b'content-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--b--\r\n'
    )
    long = {"model": "oai/sim-small", "messages": [{"role": "user", "content": "x " * 600_000}]}
    return {
        "file_not_recorded": Asked(
            "/v1/audio/transcriptions", form, "content-type: multipart/form-data; boundary=b"
        ),
        "content_cut": Asked("/v1/chat/completions", json.dumps(long).encode()),
        "headers_not_recorded": Asked(
            "/passthrough/oai/models", b"", f"openai-beta: {'x' * 9000}", method="GET"
        ),
        "nothing_sent": of_use_case("case-oai", colour="red"),
    }


@pytest.mark.parametrize("code", list(incomplete()))
def test_a_request_that_is_not_recorded_names_what_is_missing(
    installation: Installation, code: str
) -> None:
    """Each code is in the table of the documentation."""
    _, trace_id = ask(installation, incomplete()[code])
    wait_until(lambda: get(installation, f"/api/v1/traces/{trace_id}")[0] == 200)
    path = f"/api/v1/projects/{project_of(installation)}/replays/{trace_id}"
    status, found = get(installation, path)
    assert (status, found.get("code")) == (422, code), found
    assert f"`{code}`" in REASONS


def test_the_documentation_has_each_reason() -> None:
    """The codes of `features/replays` and those of the table are the same."""
    sources = Path(replays.__file__).parent.glob("*.py")
    used = {code for each in sources for code in re.findall(r'code="(\w+)"', each.read_text())}
    listed = set(re.findall(r"`(\w+)`", REASONS.partition("|---|---|")[2].partition("\n\n")[0]))
    known = used - {"not_sent_again", "gateway_unavailable", "record_not_stored"}
    assert listed - known == {"provider_gone", "credential_gone", "surface_gone"}
    assert known <= listed


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
