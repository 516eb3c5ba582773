"""`penstock gate` as a CI script calls it: its three exit codes, the confirming round, the evidence
that a protected environment wants, and the reports."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from installation import Installation

pytestmark = pytest.mark.drill

ITEMS = 24
LONG = 'long=length:{"unit": "words", "least": 12}'


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("gate") / "home")
    it.start()
    it.wait_for(it.answers)
    yield it
    it.kill()


def decoded(printed: str) -> dict[str, Any]:
    """Returns the document at the beginning of what was printed."""
    return json.JSONDecoder().raw_decode(printed)[0]


def release(it: Installation, tokens: int, model: str = "sim/sim-small") -> str:
    made = it.json("release", "create", "--model", model, "--parameter", f"max_tokens={tokens}")
    return str(made["digest"])


def test_the_exit_code_says_passed_worse_or_not_measured(
    installation: Installation, tmp_path: Path
) -> None:
    it, items = installation, tmp_path / "items.jsonl"
    rows = [{"id": f"q{at}", "input": f"Question {at}?"} for at in range(ITEMS)]
    items.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    it.run("dataset", "import", "questions", str(items))
    long, short = release(it, 300), release(it, 4)
    asked = ("--dataset", "questions", "--evaluator", LONG)
    scopes = ("models:call", "evaluations:run", "evidence:write")
    options = [option for scope in scopes for option in ("--scope", scope)]
    it.extra["PENSTOCK_API_KEY"] = it.json("key", "create", "ci", *options)["secret"]

    passed = decoded(it.run("gate", long, short, *asked, "--format", "json"))
    assert (passed["outcome"], passed["evidence"]) == ("passed", 1)

    worse = decoded(it.run("gate", short, long, *asked, "--format", "json", code=1))
    assert (worse["outcome"], worse["confirmed"]) == ("regression", True)
    assert worse["items_to_confirm"] == ITEMS
    assert worse["thresholds"][0]["pairs"] == ITEMS

    del it.extra["PENSTOCK_API_KEY"]
    it.run("use-case", "set", "answers", "--owner", "me", "--purpose", "x", "--status", "active")
    refused = it.run("rollout", "start", "answers", short, code=1)
    assert "evals" in refused
    it.run("rollout", "start", "answers", long)

    report = tmp_path / "gate.xml"
    runs = (worse["candidate"], worse["baseline"])
    it.run("gate", *runs, "--format", "junit", "--output", str(report), code=1)
    assert ET.parse(report).getroot()[0].get("failures") == "1"
    note = it.run("gate", *runs, "--format", "github", code=1)
    assert note.startswith("::error title=long::")

    it.run(
        "provider",
        "add",
        "dead",
        "--base-url",
        "http://127.0.0.1:9/v1",
        "--private-allowed",
        "--model",
        "any",
    )
    dead = release(it, 300, "dead/any")
    found = decoded(it.run("gate", dead, long, *asked, "--format", "json", code=2))
    assert found["outcome"] == "unmeasured"
    assert found["thresholds"][0]["candidate_states"] == {"infrastructure_error": ITEMS}
    it.run("gate", "evr_unknown", code=2)
