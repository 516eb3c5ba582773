"""The call log: when generation stopped, and after how many tokens."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.conftest import CHAT, Sim


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize("latency_ms", [60_000, 50], ids=["before", "after"])
def test_generation_stops_within_a_second_of_a_disconnect(
    sim: Sim, *, stream: bool, latency_ms: int
) -> None:
    tag = f"{stream}-{latency_ms}"
    pace = {"latency_ms": latency_ms, "tokens_per_second": 20, "tokens": 400}
    with sim.connect({**CHAT, "stream": stream}, tag=tag, **pace):
        time.sleep(0.5)
    disconnected_ns = time.time_ns()
    call = sim.ended_call(tag)
    assert call["outcome"] == "cancelled"
    assert call["ended_ns"] - disconnected_ns < 1_000_000_000
    elapsed_s = (call["ended_ns"] - call["started_ns"]) / 1e9
    expected = 0 if latency_ms > 500 else 1 + (elapsed_s - 0.05) * 20
    late = (
        5 if expected else 0
    )  # tokens; on a busy machine the simulator may wake up late, never early
    assert expected - late - 1.5 <= call["tokens"] <= expected + 1.5


def test_generation_waits_for_a_client_that_does_not_read(sim: Sim) -> None:
    with sim.connect({**CHAT, "stream": True}, tag="unread", megabytes=200):
        time.sleep(0.3)
        running = sim.get("/sim/calls?tag=unread")["calls"][-1]
        assert running["outcome"] == "running"
        assert running["tokens"] * 4 < 40 * 1024 * 1024
    assert sim.ended_call("unread")["outcome"] == "cancelled"


def test_a_completed_call_is_logged_with_trace_and_tokens(sim: Sim) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    _, _, answer = sim.post({**CHAT, "max_tokens": 7}, x_sim_tag="whole", traceparent=trace)
    call = sim.ended_call("whole")
    assert call["outcome"] == "completed"
    assert (call["id"], call["model"], call["status"]) == (answer["id"], "sim-small", 200)
    assert call["tokens"] == answer["usage"]["completion_tokens"] == 7
    assert call["traceparent"] == trace
    assert call["started_ns"] <= call["first_token_ns"] <= call["ended_ns"]


def test_faults_and_refused_calls_are_logged_differently(sim: Sim) -> None:
    sim.post(CHAT, x_sim_fault="503", x_sim_tag="503")
    sim.raw(CHAT, fault="reset", tag="reset")
    assert [
        (c["outcome"], c["fault"], c["status"]) for c in map(sim.ended_call, ("503", "reset"))
    ] == [
        ("fault", "503", 503),
        ("fault", "reset", 200),
    ]
    sim.post({**CHAT, "n": 0})
    assert sim.get("/sim/calls?limit=1")["calls"][0]["outcome"] == "refused"


def test_the_list_continues_after_a_number(sim: Sim) -> None:
    last = sim.get("/sim/calls?limit=1")["calls"][-1]["call"] if sim.get("/healthz")["calls"] else 0
    sim.post(CHAT)
    sim.post(CHAT)
    assert [c["call"] for c in sim.get(f"/sim/calls?after={last}")["calls"]] == [last + 1, last + 2]
    status, _, _ = sim.post(CHAT, x_sim_fault="no-such-fault")
    assert status == 400


def test_the_log_file_has_a_line_for_each_call(
    tmp_path: Path, start_sim: Callable[..., Sim]
) -> None:
    file = tmp_path / "calls.jsonl"
    sim = start_sim(log=str(file))
    for number in range(3):
        sim.post(CHAT, x_sim_tag=f"line-{number}")
        sim.ended_call(f"line-{number}")
    lines: list[dict[str, Any]] = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["call"], line["outcome"]) for line in lines] == [
        (1, "completed"),
        (2, "completed"),
        (3, "completed"),
    ]
