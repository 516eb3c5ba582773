"""Agents that others wrote edit a small repository, with a provider of another format behind."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from clients.agents import AGENTS, NODE, TASK, Agent, Place, Start, environment
from clients.conftest import Served

pytestmark = pytest.mark.clients

WRONG = "def add(a, b):\n    return a - b\n"
CHECK = """\
from pathlib import Path

from calc import add

assert add(2, 3) == 5, "five is expected"
Path("checked").write_text("yes")
print("the check has passed")
"""
RUNS = [(agent, provider) for agent in AGENTS for provider in agent.behind]


@pytest.fixture
def place(served: Served, tmp_path: Path, provider: str) -> Place:
    home, repository = tmp_path / "home", tmp_path / "repository"
    home.mkdir()
    repository.mkdir()
    (repository / "calc.py").write_text(WRONG)
    (repository / "check.py").write_text(CHECK)
    (home / ".gitconfig").write_text("[user]\nname = n\nemail = n@example.com\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Wrong"]):
        subprocess.run(["git", *command], cwd=repository, env={"HOME": str(home)}, check=True)
    penstock = served.penstock
    return Place(home, repository, penstock.gateway, penstock.gateway_key, f"{provider}/sim-small")


@pytest.mark.parametrize(
    ("agent", "provider"), RUNS, ids=[f"{agent.label} over {provider}" for agent, provider in RUNS]
)
def test_an_agent_mends_a_file(served: Served, place: Place, agent: Agent) -> None:
    before = served.simulated_calls()
    start = agent.start(place)
    if start.command[0].startswith(str(NODE)) and not NODE.exists():
        pytest.skip("no Node or no `npm ci` in tests/clients/node")  # needs: node
    output = _run(place, start)
    assert (place.repository / "calc.py").read_text() == WRONG.replace("-", "+"), output
    assert (place.repository / "checked").exists(), output
    calls = served.simulated_calls()[len(before) :]
    assert {call["outcome"] for call in calls} == {"completed"}
    spans = [span for call in calls for span in served.spans(call["traceparent"].split("-")[1])]
    assert [span["status"] for span in spans] == ["ok"] * len(spans)
    longest = max(spans, key=lambda span: len(span["input"] or ()))
    _check_conversation(longest, start)


def _run(place: Place, start: Start) -> str:
    done = subprocess.run(
        start.command,
        cwd=place.repository,
        env=environment(place, start),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout[-3000:] + done.stderr[-3000:]


def _check_conversation(span: Mapping[str, Any], start: Start) -> None:
    """The last call has the task and all answers but its own, in their order, and each result."""
    messages: Sequence[Any] = span["input"]
    parts = [part for message in messages for part in message["parts"]]
    assert any(TASK in str(part.get("content")) for part in parts)
    said = list(_said(messages))
    wanted = [step for step in start.steps if step.get("calls")] or start.steps
    calls = [
        [(each["name"], each["arguments"]) for each in step.get("calls", ())] for step in wanted
    ]
    if any(calls):
        assert [call for turn in said for call in turn] == [call for turn in calls for call in turn]
        results = {part["id"]: part for part in parts if part["type"] == "tool_call_response"}
        asked = [part["id"] for part in parts if part["type"] == "tool_call"]
        assert list(results) == asked
        assert "return a - b" in json.dumps(results[asked[0]])
        assert "the check has passed" in json.dumps(results[asked[-1]])
    else:
        assert "five is expected" in json.dumps(parts)
    texts = [part["content"] for part in span["output"][0]["parts"] if part["type"] == "text"]
    assert "".join(texts) == start.steps[-1]["text"]


def _said(messages: Sequence[Any]) -> Iterator[list[tuple[str, Any]]]:
    """The calls of each of the model's turns."""
    for message in messages:
        if message["role"] == "assistant":
            parts = message["parts"]
            yield [(p["name"], p["arguments"]) for p in parts if p["type"] == "tool_call"]
