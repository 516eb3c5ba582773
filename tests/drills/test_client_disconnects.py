"""Clients that disconnect after a second: the provider stops at once, and the received part is
recorded.

Real gateway, simulator and store; the log of the simulator shows when generation stopped.
"""

import http.client
import json
import secrets
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from installation import Installation, wait_until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(120)]

PATIENCE_S = 1.0
TOKENS_PER_SECOND = 20


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("gone") / "home")
    it.start("--demo")
    wait_until(it.answers)
    try:
        yield it
    finally:
        it.kill()


def call_and_disconnect(installation: Installation, trace: str, **body: Any) -> tuple[bytes, int]:
    """Returns what the client received before it disconnected, and when (Unix ns)."""
    connection = http.client.HTTPConnection("127.0.0.1", installation.gateway_port)
    headers = {
        "authorization": f"Bearer {installation.key}",
        "content-type": "application/json",
        "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
    }
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    time.sleep(PATIENCE_S)
    assert connection.sock is not None
    connection.sock.setblocking(False)
    try:
        received = connection.sock.recv(1 << 20)
    except BlockingIOError:
        received = b""
    connection.close()
    return received, time.time_ns()


def generation(installation: Installation, trace: str) -> dict[str, Any]:
    """Returns the log entry of the simulator for the trace, once generation has ended."""
    providers = {one["name"]: one for one in installation.json("provider", "list")}
    url = f"{providers['sim']['base_url'].removesuffix('/v1')}/sim/calls?limit=100"

    def ended() -> list[dict[str, Any]]:
        with urllib.request.urlopen(url, timeout=5) as answer:
            calls = json.load(answer)["calls"]
        return [c for c in calls if trace in c["traceparent"] and c["outcome"] != "running"]

    wait_until(ended)
    (call,) = ended()
    return call


def spans(installation: Installation, trace: str) -> dict[str, dict[str, Any]]:
    """Returns call and attempt from the store."""

    def stored() -> list[dict[str, Any]]:
        page = installation.get("/api/v1/traces?limit=100")["items"]
        known = any(item["trace_id"] == trace for item in page)
        return installation.get(f"/api/v1/traces/{trace}")["spans"] if known else []

    wait_until(stored)
    found = stored()
    assert len(found) == 2
    return {span["kind"]: span for span in found}


def streamed_text(stream: bytes) -> str:
    """Returns the text in the complete events that the client received."""
    events = (
        line.removeprefix(b"data: ") for line in stream.split(b"\r\n") for line in line.split(b"\n")
    )
    choices = [json.loads(event)["choices"] for event in events if event.endswith(b"}")]
    return "".join(choice[0]["delta"].get("content") or "" for choice in choices if choice)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "streamed"])
@pytest.mark.parametrize("latency_ms", [60_000, 50], ids=["before", "after"])
def test_generation_stops_at_once_and_the_received_part_is_recorded(
    installation: Installation, *, stream: bool, latency_ms: int
) -> None:
    trace = secrets.token_hex(16)
    pace = {"latency-ms": latency_ms, "tokens-per-second": TOKENS_PER_SECOND, "tokens": 400}
    received, left_ns = call_and_disconnect(
        installation,
        trace,
        model="sim/sim-small",
        messages=[{"role": "user", "content": "Tell me a long story."}],
        stream=stream,
        metadata={f"x-sim-{name}": str(value) for name, value in pace.items()},
    )
    generated = generation(installation, trace)
    stopped_ms = (generated["ended_ns"] - left_ns) / 1e6
    span = spans(installation, trace)
    call, usage = span["call"], span["call"]["usage"]
    print(
        f"stopped after {stopped_ms:.0f} ms; generated {generated['tokens']} tokens, recorded"
        f" {usage['output_tokens']} ({usage['source']}) at {call['cost']['amount']} USD"
    )
    assert generated["outcome"] == "cancelled"
    assert stopped_ms < 10_000  # without a stop it lasts 20 seconds or more
    assert (call["status"], span["attempt"]["status"]) == ("cancelled", "cancelled")
    assert call["error"]["type"] == "client_disconnected"
    assert PATIENCE_S * 100 < call["duration_ms"] < 10_000
    assert usage["source"] == "estimated"
    assert usage["input_tokens"] > 0
    if stream and latency_ms < 1000:
        text = json.loads(call["response"])["choices"][0]["message"]["content"]
        assert len(streamed_text(received)) > 20
        assert text.startswith(streamed_text(received))
        assert usage["output_tokens"] == pytest.approx(generated["tokens"], abs=2)
        assert usage["output_tokens"] >= 10
    else:
        assert (usage["output_tokens"], call["response"]) == (0, "")
