"""The first calls of a new user: the official Python and Node clients, streamed and not. Within two
seconds the REST API shows the calls with the token counts and costs computed here.
"""

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from installation import Installation, wait_until
from tests.node import run_script

pytestmark = pytest.mark.drill

# The simulator counts 3 tokens, plus 4 per message, plus 1 per 4 characters (rounded up):
# 3 + 4 + 2 = 9 for "Hello!". The request sets 12 output tokens and 4 cached input tokens. sim-small
# costs, in USD per million tokens: input 0.15, cached input 0.075, output 0.60. The cost is
#   (9 - 4) * 0.15 + 4 * 0.075 + 12 * 0.60 = 0.75 + 0.30 + 7.20 = 8.25 millionths.
BODY = {
    "model": "sim/sim-small",
    "messages": [{"role": "user", "content": "Hello!"}],
    "metadata": {"x-sim-tokens": "12", "x-sim-cached-tokens": "4"},
}
INPUT, CACHED, OUTPUT, COST = 9, 4, 12, "0.00000825"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("first") / "home")
    it.start()
    yield it
    it.kill()


def check_recorded(installation: Installation, trace_id: str, *, stream: bool) -> None:
    """Checks the call in list and detail, soon after its answer."""
    begun = time.monotonic()
    path = f"/api/v1/traces/{trace_id}"
    wait_until(lambda: _found(installation, path) and trace_id in _listed(installation))
    print(f"\nin the API after {time.monotonic() - begun:.2f} s")
    call, attempt = installation.get(path)["spans"]
    assert (call["kind"], attempt["kind"]) == ("call", "attempt")
    assert attempt["parent_span_id"] == call["span_id"]
    usage = call["usage"]
    assert (usage["input_tokens"], usage["cache_read_tokens"]) == (INPUT, CACHED)
    assert (usage["output_tokens"], usage["source"]) == (OUTPUT, "provider")
    assert call["cost"]["amount"].rstrip("0") == COST
    line = _listed(installation)[trace_id]
    assert (line["stream"], line["input"]) == (stream, "Hello!")
    assert line["cost"].rstrip("0") == COST


def _listed(installation: Installation) -> dict[str, Any]:
    return {call["trace_id"]: call for call in installation.get("/api/v1/traces")["items"]}


def _found(installation: Installation, path: str) -> bool:
    try:
        return len(installation.get(path)["spans"]) == 2
    except OSError:
        return False


def test_the_python_client(installation: Installation) -> None:
    with OpenAI(base_url=f"{installation.gateway}/v1", api_key=installation.gateway_key) as client:
        whole = client.chat.completions.with_raw_response.create(**BODY)
        text = whole.parse().choices[0].message.content
        with client.chat.completions.with_streaming_response.create(**BODY, stream=True) as stream:
            events = [line for line in stream.iter_lines() if line.startswith("data: {")]
            streamed_trace = stream.headers["x-penstock-trace-id"]
    deltas = (choice["delta"] for e in events for choice in json.loads(e[6:])["choices"])
    assert text == "".join(delta.get("content") or "" for delta in deltas)
    check_recorded(installation, whole.headers["x-penstock-trace-id"], stream=False)
    check_recorded(installation, streamed_trace, stream=True)


def test_the_node_client(installation: Installation, tmp_path: Path) -> None:
    script = Path(__file__).with_name("first_calls.mjs")
    calls = run_script(
        script,
        tmp_path,
        f"{installation.gateway}/v1",
        installation.gateway_key,
        json.dumps(BODY),
    )
    (text, trace), (streamed_text, streamed_trace) = calls
    assert text == streamed_text != ""
    check_recorded(installation, trace, stream=False)
    check_recorded(installation, streamed_trace, stream=True)


def test_the_overview_adds_up(installation: Installation) -> None:
    before = installation.get("/api/v1/overview")["totals"]
    for _ in range(3):
        installation.chat("Hello!", metadata=BODY["metadata"])
    requests = before["requests"] + 3
    wait_until(lambda: installation.get("/api/v1/overview")["totals"]["requests"] == requests)
    totals = installation.get("/api/v1/overview")["totals"]
    assert totals["input_tokens"] - before["input_tokens"] == 3 * INPUT
    assert totals["output_tokens"] - before["output_tokens"] == 3 * OUTPUT
    assert Decimal(totals["cost"]) - Decimal(before["cost"]) == 3 * Decimal(COST)


def test_the_command_line_shows_them(installation: Installation) -> None:
    installation.chat("Hello!", metadata=BODY["metadata"])
    wait_until(lambda: installation.get("/api/v1/traces")["items"])
    newest = installation.json("traces", "list")[0]
    shown = installation.run("traces", "show", newest["trace_id"])
    assert "Hello!" in shown
    assert f"${COST}" in shown
    assert f"{INPUT} + {OUTPUT}" in installation.run("traces", "list")
