"""Evaluation tools of others: models are the gateway's, and their results become runs; and a
library measures in the worker, with models of the gateway."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from clients.conftest import LIBRARIES, Served
from installation import Installation

pytestmark = pytest.mark.clients

PROMPTFOO: Final = Path(__file__).parent / "promptfoo" / "node_modules" / ".bin" / "promptfoo"
TASK: Final = Path(__file__).parent / "suites" / "inspect_task.py"
MODEL: Final = "openai/sim-small"
CONFIG: Final = {
    "description": "Capitals",
    "prompts": ["{{question}}"],
    "providers": [{"id": f"openai:chat:{MODEL}", "label": "penstock"}],
    "tests": [
        {
            "vars": {"question": f'Capital?\nx-sim-step: {{"text": "{said}"}}'},
            "assert": [{"type": "icontains", "value": city}],
        }
        for said, city in (("Paris", "paris"), ("Bergen", "Oslo"))
    ],
}
RAGAS: Final = {"metric": "faithfulness", "model": MODEL}
GRADED: Final = {"metric": "model_graded_fact", "model": MODEL}


def environment(penstock: Installation, home: Path) -> dict[str, str]:
    """What the documentation says to set."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "OPENAI_BASE_URL": f"{penstock.gateway}/v1",
        "OPENAI_API_KEY": penstock.gateway_key,
    }


def run(command: list[str], folder: Path, variables: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode in (0, 100), done.stdout[-3000:] + done.stderr[-3000:]


def report(it: Installation, run_id: str) -> dict[str, Any]:
    """The report of a run by metric, once it has ended."""
    it.wait_for(lambda: it.json("eval", "show", run_id)["run"]["state"] == "done")
    found = it.json("eval", "show", run_id)
    return {"rows": found["rows"]} | {each["name"]: each for each in found["metrics"]}


def test_inspect_calls_models_by_the_gateway_and_its_log_becomes_a_run(
    served: Served, tmp_path: Path
) -> None:
    it, before = served.penstock, len(served.simulated_calls())
    shutil.copy(TASK, tmp_path)
    inspect = [str(LIBRARIES), "-m", "inspect_ai", "eval", TASK.name, "--model", f"openai/{MODEL}"]
    logs = ["--display", "none", "--log-format", "json", "--log-dir", "logs"]
    run([*inspect, *logs, "--max-retries", "0"], tmp_path, environment(it, tmp_path))
    assert len(served.simulated_calls()) >= before + 2
    (log,) = (tmp_path / "logs").glob("*.json")
    made = it.json("import", "inspect", str(log))["created"]
    (imported,) = [each["name"] for each in made if each["kind"] == "run"]
    found = report(it, imported)
    assert found["rows"] == {"measured": 2, "failed": 1}
    assert found["includes"]["estimate"]["mean"] == 0.5


def test_promptfoo_calls_models_by_the_gateway_and_its_results_become_a_run(
    served: Served, tmp_path: Path
) -> None:
    if not PROMPTFOO.exists():
        pytest.skip("no `make promptfoo`")  # needs: 265 MB of Node packages
    it, before = served.penstock, len(served.simulated_calls())
    (tmp_path / "promptfooconfig.yaml").write_text(json.dumps(CONFIG))
    quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
    command = [str(PROMPTFOO), "eval", "-o", "results.json", "--no-cache", "--no-table"]
    run([*command, "--no-progress-bar"], tmp_path, environment(it, tmp_path) | quiet)
    assert len(served.simulated_calls()) >= before + 2
    made = it.json("import", "promptfoo", str(tmp_path / "results.json"))["created"]
    (imported,) = [each["name"] for each in made if each["kind"] == "run"]
    found = report(it, imported)
    assert found["rows"] == {"measured": 2}
    assert found["pass"]["estimate"]["mean"] == 0.5


def test_libraries_measure_in_the_worker_with_models_of_the_gateway(
    served: Served, tmp_path: Path
) -> None:
    it = served.penstock
    project = it.get("/api/v1/projects")["items"][0]["id"]
    it.post(f"/api/v1/projects/{project}/datasets", {"name": "libraries"})
    cities = {"France": "Paris", "Norway": "Oslo"}
    rows = [
        {"id": each, "input": f"{each}?", "expected": city, "context": [f"It is {city}."]}
        for each, city in cities.items()
    ]
    it.post(f"/api/v1/projects/{project}/datasets/libraries/changes", {"put": rows})
    outputs = tmp_path / "outputs.jsonl"
    answers = [{"item_id": each["id"], "output": f"It is {each['expected']}."} for each in rows]
    outputs.write_text("\n".join(map(json.dumps, answers)))
    (key,) = [
        each["id"] for each in it.json("key", "list") if it.gateway_key.startswith(each["prefix"])
    ]
    command = ["eval", "run", "libraries@1", "--outputs", str(outputs), "--key", key]
    for name, options in (("ragas", RAGAS), ("inspect", GRADED)):
        command += ["--evaluator", f"{name}={name}:{json.dumps(options)}"]
    command += ["--evaluator", 'same=inspect:{"metric": "includes"}']
    before = len(served.simulated_calls())
    first = it.json(*command)
    found = {each["name"]: each for each in first["metrics"]}
    assert found["same"]["estimate"]["mean"] == 1.0
    assert found["ragas"]["states"] == {"scored": 2}
    assert found["inspect"]["states"] == {"judge_error": 2}  # the simulator grades nothing
    asked = served.simulated_calls()[before:]
    assert len(asked) >= 4
    spans = [served.spans(each["traceparent"].split("-")[1])[0] for each in asked]
    runs = {each["attributes"]["penstock.tag.eval_run"] for each in spans}
    assert runs == {first["run"]["id"]}
    it.json(*command)
    assert len(served.simulated_calls()) == before + len(asked)  # equal questions are cached
