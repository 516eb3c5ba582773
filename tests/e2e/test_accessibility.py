"""Pages with tables and forms have no serious violation (axe)."""

import json

import pytest

from e2e.accessibility import violations
from e2e.batches import create_batch
from e2e.conftest import Open
from e2e.console import Console
from installation import Installation

pytestmark = pytest.mark.e2e

NAME = "e2e-accessible"
PAGES = (
    "datasets",
    "datasets?view=rules",
    f"datasets/{NAME}",
    f"datasets/{NAME}/_import",
    f"datasets/{NAME}/_rule",
    f"datasets/{NAME}/_diff?from=0&to=1",
    "evaluations",
    "evaluations?view=targets",
    "evaluations?view=gates",
    "evaluations?view=schedules",
    "evaluations?view=online",
    "evaluations/_new",
    "evaluations/_online/_new",
    f"evaluations/_online/{NAME}",
    f"evaluations/_online/{NAME}/edit",
    "evaluations/_schedules/_new",
    f"evaluations/_schedules/{NAME}",
    f"evaluations/_schedules/{NAME}/edit",
    "annotation",
    f"annotation/{NAME}",
    f"annotation/{NAME}/_rule",
    "playground",
    "playground/request",
    "batches",
    "providers",
)

SCHEDULE = ("--cron", "0 6 * * *", "--on", "prompt_label", "--output-field", "output")


@pytest.fixture(scope="module")
def filled(penstock: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation in which each of the pages has something to show."""
    path = tmp_path_factory.mktemp("accessible") / "items.jsonl"
    items = [
        {"input": f"q{at}", "expected": "a", "split": "test", "metadata": {"output": "a"}}
        for at in range(8)
    ]
    path.write_text("\n".join(map(json.dumps, items)))
    penstock.run("dataset", "import", NAME, str(path))
    penstock.run("dataset", "rule", "set", NAME)
    penstock.run("online", "set", NAME, "--evaluator", "length", "--share", "1")
    penstock.run("eval", "schedule", "set", NAME, NAME, *SCHEDULE)
    penstock.run("eval", "schedule", "start", NAME)
    project = f"/api/v1/projects/{penstock.get('/api/v1/session')['project_id']}"
    target = {"output_field": "output"}
    run = {"dataset": NAME, "target": target, "evaluators": [{"kind": "equals"}]}
    penstock.post(f"{project}/evaluations", run)
    schema = {"kind": "binary", "question": "Is it right?"}
    queue = {"name": NAME, "label_schema": schema, "score": "right"}
    penstock.post(f"{project}/annotation/queues", queue)
    penstock.post(f"{project}/annotation/queues/{NAME}/items", {"dataset": NAME})
    penstock.run("annotation", "rule", "set", NAME, "--online", NAME)
    create_batch(penstock)
    return penstock


@pytest.mark.parametrize("dark", [False, True])
def test_pages_of_evaluations_have_no_serious_violation(
    filled: Installation, window: Open, dark: bool
) -> None:
    console: Console = window(filled, dark=dark)
    console.sign_in()
    [run, *_] = filled.get(f"/api/v1/projects/{console.project_id}/evaluations?dataset={NAME}")[
        "items"
    ]
    found = list[str]()
    project = console.project_id
    for page in (*PAGES, f"evaluations/{run['id']}", f"annotation/{NAME}/review"):
        console.open(f"/projects/{project}/{page}")
        console.page.get_by_role("heading", level=1).first.wait_for()
        console.page.wait_for_load_state("networkidle")
        found += [f"{page}: {each}" for each in violations(console.page)]
    assert found == []
