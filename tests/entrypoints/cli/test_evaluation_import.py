"""`penstock import promptfoo|inspect|openai-evals` into a whole installation, with a worker."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installation import Installation

FILES = Path(__file__).parent / "evaluations"


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("imports") / "home")
    try:
        # It isolates nothing: the tests that it runs are written here.
        it.extra["PENSTOCK_EVALUATION__SANDBOX_COMMAND"] = f"{sys.executable} {{folder}}/tests.py"
        it.start()
        it.wait_for(it.answers)
        yield it
    finally:
        it.kill()


def imported(it: Installation, *words: str) -> dict[str, list[dict[str, Any]]]:
    done = it.json("import", *words)
    rows: dict[str, list[dict[str, Any]]] = {}
    for each in done["created"]:
        rows.setdefault(each["kind"], []).append(each)
    return rows


def report(it: Installation, run: str) -> dict[str, Any]:
    """The report of a run by metric, once it has ended."""
    it.wait_for(lambda: it.json("eval", "show", run)["run"]["state"] == "done")
    found = it.json("eval", "show", run)
    return {"rows": found["rows"]} | {each["name"]: each for each in found["metrics"]}


def test_promptfoo_becomes_prompts_a_dataset_and_runs_once(it: Installation) -> None:
    config = str(FILES / "promptfoo" / "promptfooconfig.yaml")
    planned = imported(it, "promptfoo", config, "--dry-run")
    assert {each["result"] for rows in planned.values() for each in rows} == {"planned"}
    assert it.json("dataset", "list") == []
    made = imported(it, "promptfoo", config)
    assert [each["result"] for each in made["prompt"]] == ["saved", "saved"]
    assert made["dataset"][0]["name"] == "capitals@1"
    results = str(FILES / "promptfoo" / "results.json")
    both = imported(it, "promptfoo", results, "--evaluator", "ours=checks")
    assert both["dataset"][0]["result"] == "unchanged"
    again = imported(it, "promptfoo", results)
    assert [each["name"] for each in again["run"]] == [each["name"] for each in both["run"]]
    assert {each["result"] for each in again["run"]} == {"unchanged"}
    found = report(it, both["run"][0]["name"])
    assert found["rows"] == {"measured": 6, "failed": 1}
    assert found["pass"]["states"] == {"scored": 5, "judge_error": 1, "infrastructure_error": 1}
    assert found["pass"]["estimate"]["mean"] == pytest.approx(0.6)
    assert found["ours"]["states"] == {"scored": 6, "infrastructure_error": 1}
    compared = it.json("eval", "compare", *(each["name"] for each in both["run"]))
    assert "pass" in {each["metric"] for each in compared["differences"]}
    prompt = it.json("prompts", "show", "brief")["version"]["digest"]
    ran = it.json(
        *("eval", "run", "capitals", "--model", "sim/sim-small", "--prompt", prompt),
        *("--evaluator", "checks"),
    )
    assert ran["rows"] == {"measured": 6, "rejected": 1}


def test_a_log_of_inspect_becomes_a_run_with_repeats(it: Installation) -> None:
    log = str(FILES / "inspect" / "capitals.eval")
    made = imported(it, "inspect", log, "--dataset", "inspected")
    found = report(it, made["run"][0]["name"])
    assert found["rows"] == {"measured": 8, "failed": 2}
    assert found["careful"]["states"] == {
        "scored": 4,
        "abstained": 2,
        "unmeasured": 2,
        "infrastructure_error": 2,
    }
    assert found["careful"]["estimate"]["mean"] == pytest.approx(0.75)


def test_a_log_of_openai_evals_becomes_a_run_of_its_items_only(it: Installation) -> None:
    samples = FILES / "openai" / "registry" / "data" / "cap" / "samples.jsonl"
    imported(it, "openai-evals", str(samples), "--dataset", "cap")
    it.run("dataset", "import", "cap", str(_more(it)))
    made = imported(it, "openai-evals", str(FILES / "openai" / "match.jsonl"), "--dataset", "cap")
    found = report(it, made["run"][0]["name"])
    assert found["rows"] == {"measured": 3}
    assert found["match"]["estimate"]["mean"] == pytest.approx(1 / 3)


def _more(it: Installation) -> Path:
    path = it.home.parent / "more.csv"
    path.write_text("input\nmore\n")
    return path


def test_a_file_that_cannot_be_read_changes_nothing(it: Installation) -> None:
    before = it.json("dataset", "list")
    path = it.home.parent / "broken.jsonl"
    path.write_text('{"input": "a", "ideal": "b"}\n{"ideal": "b"}\n')
    assert "broken.jsonl:2" in it.run("import", "openai-evals", str(path), code=1)
    assert it.json("dataset", "list") == before


def test_scores_without_a_value_and_outputs_without_a_text_are_refused(it: Installation) -> None:
    project = it.get("/api/v1/projects")["items"][0]["id"]
    it.run("dataset", "import", "two", str(_more(it)))
    item = it.get(f"/api/v1/projects/{project}/datasets/two/items")["items"][0]["id"]
    path = f"/api/v1/projects/{project}/evaluations"
    run = it.post(path, {"dataset": "two", "evaluators": []})["id"]
    for wrong in (
        {"item_id": item},
        {"item_id": item, "output": "a", "error": "b"},
        {"item_id": item, "output": "a", "scores": {"x": {"state": "abstained", "value": 1}}},
        {"item_id": item, "output": "a", "scores": {"x": {}}},
        {"item_id": item, "output": "a", "scores": {"X!": {"value": 1}}},
    ):
        with pytest.raises(OSError, match=r"4[02]"):
            it.post(f"{path}/{run}/outputs", {"outputs": [wrong]})
    good = {"item_id": item, "output": "", "scores": {"x": {"value": True}}}
    assert it.post(f"{path}/{run}/outputs", {"outputs": [good]}) == {"outputs": 1}


def test_the_items_own_tests_run_in_the_operators_command(it: Installation) -> None:
    path = it.home.parent / "code.jsonl"
    tests = "from answer import add\nassert add(1, 2) == 3"
    items = [
        {"id": name, "input": "Write add.", "metadata": {"tests": tests, "out": f"{code}\n"}}
        for name, code in (("good", "add = int.__add__"), ("bad", "add = int.__sub__"))
    ]
    path.write_text("\n".join(map(json.dumps, items)))
    it.run("dataset", "import", "code", str(path))
    done = it.json(
        *("eval", "run", "code", "--output-field", "out", "--evaluator", "item_tests"),
        *("--evaluator", "code_security"),
    )
    found = {each["name"]: each["estimate"]["mean"] for each in done["metrics"]}
    assert found == {"item_tests": 0.5, "code_security": 1.0}
