"""Scores of the SDK against a real server: in the background, never raising, forks, exits."""

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import Forbidden, UpstreamFailed
from penstock.sdk import Penstock
from penstock.sdk.scores import MAX_QUEUED, MAX_SENT, ScoreWriter, Send
from tests.server.running import SOURCES, Server, running

LONG_S = 60.0  # a wait that ends earlier in every test


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("sdk-scores") / "home") as server:
        server.wait_for("/readyz")
        yield server


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    path = f"/api/v1/projects/{server.project_id()}/keys"
    body = {"name": "app", "scopes": ["scores:write"]}
    return server.call("POST", path, server.root, body).json()["secret"]


def stored(server: Server, session: str) -> list[dict[str, Any]]:
    query = f"project_id={server.project_id()}&session={session}&limit=500"
    return server.call("GET", f"/api/v1/scores?{query}", server.root).json()["items"]


def client(server: Server, key: str) -> Penstock:
    return Penstock(f"http://127.0.0.1:{server.port}", key)


def test_scores_outcomes_and_feedback_are_stored(server: Server, key: str) -> None:
    sdk = client(server, key)
    assert sdk.score("quality", 0.5, session="all", author="judge@1", source="evaluator")
    assert sdk.score("safety", state="judge_error", session="all", comment="time-out")
    assert sdk.outcome("converted", session="all", amount=Decimal("12.50"))
    assert sdk.feedback("correction", session="all", comment="It is 42.")
    assert sdk.flush(LONG_S)
    found = {each["name"]: each for each in stored(server, "all")}
    assert (found["quality"]["value"], found["quality"]["source"]) == (0.5, "evaluator")
    assert found["safety"]["state"] == "judge_error"
    assert (found["converted"]["value"], found["converted"]["amount"]) == (True, "12.5")
    assert (found["correction"]["kind"], found["correction"]["source"]) == ("feedback", "user")
    sdk.close()


def test_an_event_loop_writes_without_waiting(server: Server, key: str) -> None:
    async def write() -> bool:
        sdk = client(server, key)
        assert sdk.score("loop", True, session="loop")
        done = await sdk.flush_async(LONG_S)
        sdk.close()
        return done

    assert asyncio.run(write())
    assert len(stored(server, "loop")) == 1


class Wire:
    """A server of a test: keeps what it gets, and fails as often as it should."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[dict[str, Any]] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, body: bytes) -> bytes:
        self.free.wait(LONG_S)
        if self.errors:
            raise self.errors.pop(0)
        scores = msgspec.json.decode(body)["scores"]
        assert len(scores) <= MAX_SENT
        self.sent += scores
        return json.dumps({"items": []}).encode()


def test_scores_are_sent_again_in_their_order() -> None:
    wire = Wire(UpstreamFailed("away"))
    writer = ScoreWriter(wire)
    for number in range(MAX_SENT + 5):
        assert writer.score("a", number, session="s")
    assert writer.flush(LONG_S)
    assert [each["value"] for each in wire.sent] == list(range(MAX_SENT + 5))
    writer.close()


def test_a_rejected_key_costs_its_scores_and_no_later_ones() -> None:
    wire = Wire(Forbidden("no"))
    writer = ScoreWriter(wire)
    writer.score("a", 1, session="s")
    assert writer.flush(LONG_S)
    writer.score("a", 2, session="s")
    assert writer.flush(LONG_S)
    assert [each["value"] for each in wire.sent] == [2]
    writer.close()


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"items": 1}', b"\xff"])
def test_an_answer_of_another_kind_is_survived(answer: bytes) -> None:
    def send(_: bytes) -> bytes:
        return answer

    writer = ScoreWriter(send)
    assert writer.score("a", 1, session="s")
    assert writer.flush(LONG_S)
    writer.close()


def test_what_does_not_fit_is_dropped_and_said(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire()
    wire.free.clear()
    writer = ScoreWriter(wire)
    with caplog.at_level(logging.WARNING, "penstock.sdk"):
        queued = sum(writer.score("a", n, session="s") for n in range(MAX_QUEUED + 2 * MAX_SENT))
    assert MAX_QUEUED <= queued <= MAX_QUEUED + MAX_SENT
    assert len([each for each in caplog.records if "dropped" in each.message]) == 1
    assert not writer.flush(0.0)
    wire.free.set()
    assert writer.flush(LONG_S)
    assert len(wire.sent) == queued
    writer.close()


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


@given(
    name=VALUES,
    value=VALUES | st.lists(st.integers()) | st.just(object()),
    state=st.sampled_from(["scored", "abstained", "?"]),
    fields=st.dictionaries(st.sampled_from(["session", "trace_id", "comment", "x"]), VALUES),
)
def test_nothing_that_an_application_writes_raises(
    name: Any, value: Any, state: str, fields: dict[str, Any]
) -> None:
    def send(body: bytes) -> bytes:
        msgspec.json.decode(body)
        return b'{"items": []}'

    writer = ScoreWriter(send)
    for queued in (
        writer.score(name, value, state=state, **fields),
        writer.outcome(name, value, amount=value, **fields),
        writer.feedback(name, value, **fields),
    ):
        assert queued in {True, False}
    assert writer.flush(LONG_S)
    writer.close()


SCRIPT = """
import os, sys
from penstock.sdk import Penstock
sdk = Penstock(sys.argv[1], sys.argv[2])
sdk.score("parent", 1, session=sys.argv[3])
child = os.fork()
if not child:
    sdk.score("child", 2, session=sys.argv[3])
    sys.exit(0 if sdk.flush(30.0) else 1)
_, status = os.waitpid(child, 0)
sys.exit(status)
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_fork_sends_its_own_scores_once_and_an_exit_what_is_left(
    server: Server, key: str
) -> None:
    done = run(SCRIPT, f"http://127.0.0.1:{server.port}", key, "fork")
    assert done.returncode == 0, done.stderr
    found = stored(server, "fork")
    assert sorted(each["name"] for each in found) == ["child", "parent"]


def test_a_process_ends_while_the_server_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        script = SCRIPT[: SCRIPT.index("child = ")]
        done = run(script, url, "pk_x", "s")
    assert done.returncode == 0, done.stderr
    assert b"1 scores could not be sent" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_writer_without_scores_starts_no_thread() -> None:
    before = threading.active_count()
    send: Send = Wire()
    writer = ScoreWriter(send)
    assert writer.flush(0.0)
    writer.close()
    assert threading.active_count() == before
