"""The loop: production traffic, low feedback, a dataset, two releases measured, a gate, and a
protected environment that takes the better release because of this evidence."""

from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from installation import Installation

pytestmark = pytest.mark.drill

CALLS = 24
LONG = 'long=length:{"unit": "words", "least": 12}'


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    it = Installation(tmp_path / "home")
    it.start()
    it.wait_for(it.answers)
    yield it
    it.kill()


def release(it: Installation, tokens: int) -> str:
    asked = ("--model", "sim/sim-small", "--parameter", f"max_tokens={tokens}")
    return str(it.json("release", "create", *asked)["digest"])


def words_of_an_answer(it: Installation) -> int:
    """Returns 0 while the gateway does not know the use case."""
    try:
        answer = it.chat("What now?", model="support")
    except HTTPError:
        return 0
    return len(answer["choices"][0]["message"]["content"].split())


def test_low_feedback_becomes_the_evidence_for_a_better_release(
    installation: Installation, tmp_path: Path
) -> None:
    it = installation
    short, long = release(it, 4), release(it, 300)
    it.run("use-case", "set", "support", "--owner", "me", "--purpose", "x", "--status", "active")
    it.run("release", "evidence", short, "--kind", "evals", "--result", "passed")
    it.run("rollout", "start", "support", short)

    it.wait_for(lambda: 0 < words_of_an_answer(it) < 12)
    for at in range(CALLS):
        it.chat(f"Question {at}?", model="support")
    calls = "/api/v1/traces?use_case=support&limit=100"
    it.wait_for(lambda: len(it.get(calls)["items"]) > CALLS)
    asked = [each for each in it.get(calls)["items"] if "Question" in each["input"]]
    thumbs = [
        {
            "kind": "feedback",
            "name": "thumbs",
            "source": "user",
            "value": at % 4 == 0,
            "trace_id": each["trace_id"],
        }
        for at, each in enumerate(asked)
    ]
    it.post("/api/v1/scores/batch", {"scores": thumbs})

    it.run("dataset", "create", "complaints")
    choice = ("--only", "use_case=support", "--feedback", "low")
    added = it.json("dataset", "add-traces", "complaints", *choice)["change"]
    assert added["version"]["item_count"] == CALLS * 3 // 4

    assert "no passed evidence" in it.run("rollout", "start", "support", long, code=1)
    gate = ("gate", long, short, "--dataset", "complaints", "--evaluator", LONG)
    assert "better" in it.run(*gate)
    it.run("rollout", "start", "support", long)
    it.wait_for(lambda: words_of_an_answer(it) >= 12)
    it.run("gate", short, long, *gate[3:], code=1)
    it.run("rollout", "undo", "support")
    it.wait_for(lambda: 0 < words_of_an_answer(it) < 12)
