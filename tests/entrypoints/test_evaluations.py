"""Evaluation runs by commands, in a whole installation: the worker comes when there is work."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installation import Installation


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("evaluations") / "home")
    try:
        it.start()
        it.wait_for(it.answers)
        project = it.get("/api/v1/projects")["items"][0]["id"]
        it.post(f"/api/v1/projects/{project}/datasets", {"name": "faq"})
        put = [
            {"id": f"i{at}", "input": f"x-sim-latency-ms: 1\n{at}?", "expected": f"a{at}"}
            for at in range(12)
        ]
        it.post(f"/api/v1/projects/{project}/datasets/faq/changes", {"put": put})
        yield it
    finally:
        it.kill()


def outputs(folder: Path, right: int) -> str:
    path = folder / "outputs.jsonl"
    rows = [{"item_id": f"i{at}", "output": f"a{at if at < right else 'x'}"} for at in range(12)]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return str(path)


def metric(report: Any, name: str) -> Any:
    return next(each for each in report["metrics"] if each["name"] == name)


def test_recorded_outputs_are_measured_and_compared(it: Installation, tmp_path: Path) -> None:
    assert "worker" not in it.children()
    ids: list[str] = []
    for right in (12, 2):
        command = ("eval", "run", "faq@1", "--outputs", outputs(tmp_path, right))
        report = it.json(*command, "--evaluator", "same=equals", "--label", f"{right} right")
        assert report["run"]["state"] == "done"
        assert metric(report, "same")["estimate"]["mean"] == pytest.approx(right / 12)
        ids.append(report["run"]["id"])
    assert "worker" in it.children()
    (found,) = it.json("eval", "compare", *ids)["differences"]
    assert (found["outcome"], found["worse"], found["items"]) == ("worse", 10, 12)
    assert "worse" in it.run("eval", "compare", *ids)
    assert [each["id"] for each in it.json("eval", "list")][:2] == ids[::-1]
    targets = it.json("eval", "figures", "faq", "--metric", "same")["targets"]
    assert [each["history"][0]["run"] for each in targets] == ids[::-1]
    assert "same on faq@1" in it.run("eval", "figures", "faq")


def test_a_report_shows_the_figures_of_labels_and_fields(it: Installation, tmp_path: Path) -> None:
    command = ("eval", "run", "faq@1", "--outputs", outputs(tmp_path, 9))
    report = it.json(*command, "--evaluator", "classification", "--evaluator", "equals")
    assert metric(report, "equals")["figures"] is None
    found = metric(report, "classification")["figures"]["classification"]
    assert found["accuracy"]["estimate"] == 0.75
    assert {"expected": "a9", "predicted": "ax", "count": 1} in found["confusion"]
    shown = it.run("eval", "show", report["run"]["id"])
    assert "accuracy" in shown
    assert "precision" in shown
    same = it.json(*command, "--evaluator", "equals", "--baseline", report["run"]["id"])
    assert same["run"]["baseline_run"] == report["run"]["id"]


def test_a_model_is_called_as_the_key_of_the_command_line(it: Installation) -> None:
    command = ("eval", "run", "faq", "--model", "sim/sim-small", "--item", "i1", "--item", "i2")
    report = it.json(*command, "--evaluator", 'long=length:{"least": 5}', "--repeats", "2")
    assert report["rows"] == {"measured": 4}
    assert metric(report, "long")["scored"] == 4
    assert metric(report, "cost_usd")["estimate"]["mean"] > 0
    assert report["run"]["release"]


def test_what_is_wrong_is_said_before_anything_runs(it: Installation, tmp_path: Path) -> None:
    assert "no JSON" in it.run("eval", "run", "faq", "--evaluator", "equals:{", code=2)
    missing = it.run("eval", "run", "nothing", "--model", "sim/sim-small", code=4)
    assert "nothing" in missing
    (tmp_path / "bad.jsonl").write_text("{}\nnot json")
    assert "Line 2" in it.run(
        "eval", "run", "faq", "--outputs", str(tmp_path / "bad.jsonl"), code=1
    )
