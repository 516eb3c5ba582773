"""Evaluation runs in the console: metrics, results, comparison, gates."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.console import Console
from installation import Installation

pytestmark = pytest.mark.e2e

ITEMS = 24
SHORT = 'short=length:{"most": 400}'
WORST = 7  # the item that the second run answers worst


def measured(installation: Installation, folder: Path) -> tuple[str, str]:
    """Adds a dataset and two runs of recorded outputs; the second one is worse on one item."""
    items = [
        {"id": f"q{at}", "input": f"Question {at}", "expected": f"The answer is {at}."}
        for at in range(ITEMS)
    ]
    path = folder / "items.jsonl"
    path.write_text("\n".join(map(json.dumps, items)))
    installation.run("dataset", "import", "e2e-faq", str(path))
    made: list[str] = []
    for label in ("first", "second"):
        outputs = [{"item_id": each["id"], "output": each["expected"]} for each in items]
        if label == "second":
            outputs[WORST]["output"] = "The answer is unknown."
        path = folder / f"{label}.jsonl"
        path.write_text("\n".join(map(json.dumps, outputs)))
        run = ("eval", "run", "e2e-faq", "--outputs", str(path), "--label", f"e2e {label}")
        installation.run(*run, "--evaluator", "equals", "--evaluator", SHORT)
        runs = f"/api/v1/projects/{installation.get('/api/v1/session')['project_id']}/evaluations"
        made.append(installation.get(f"{runs}?dataset=e2e-faq")["items"][0]["id"])
    return made[0], made[1]


def test_runs_are_read_and_compared(console: Console, tmp_path: Path) -> None:
    page = console.page
    first, second = measured(console.installation, tmp_path)
    console.go("Evaluations")
    page.get_by_role("link", name="e2e second").click()
    console.heading("e2e second").wait_for()
    metric = page.get_by_role("table", name="Metrics").get_by_role("row").nth(1)
    expect(metric).to_contain_text("95.8%")
    expect(metric).to_contain_text("24 of 24")
    page.get_by_role("button", name=f"Details of q{WORST}", exact=True).click()
    expect(page.get_by_role("table", name="Results")).to_contain_text(f"The answer is {WORST}.")
    console.go("Evaluations")
    for label in ("first", "second"):
        page.get_by_label(f"Compare e2e {label}").check()
    page.get_by_role("link", name="Compare 2").click()
    difference = page.get_by_role("table", name="Differences").get_by_role("row").nth(1)
    expect(difference).to_contain_text("no difference shown")
    expect(difference).to_contain_text("0 better, 1 worse of 24")
    expect(page.get_by_role("figure", name="equals")).to_be_visible()
    expect(page.get_by_role("figure", name="short")).to_have_count(0)
    same = page.get_by_role("region", name="The same in all runs")
    expect(same).to_contain_text("100.0%86.2% – 100.0%")
    worst = page.get_by_role("list", name="Compared items").get_by_role("listitem").first
    expect(worst).to_contain_text(f"q{WORST}")
    expect(worst.locator("mark")).to_have_text([str(WORST), "unknown"])
    console.installation.run("gate", second, first, "--require", "equals>=0.9")
    console.go("Evaluations")
    page.get_by_role("radio", name="Gates").click()
    gate = page.get_by_role("list", name="Gates", exact=True).get_by_role("listitem").first
    expect(gate).to_contain_text("passed")
    expect(gate).to_contain_text("wanted: at least 0.9")


def test_a_run_is_removed_once_nothing_refers_to_it(console: Console, tmp_path: Path) -> None:
    console.watch.expect(409)
    page, installation = console.page, console.installation
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps({"id": "a", "input": "q", "metadata": {"out": "a"}}))
    installation.run("dataset", "import", "e2e-removed", str(path))
    run = ("eval", "run", "e2e-removed", "--output-field", "out", "--evaluator", "length")
    installation.run(*run, "--label", "e2e removed")
    runs = f"/api/v1/projects/{console.project_id}/evaluations"
    made = installation.get(f"{runs}?dataset=e2e-removed")["items"][0]["id"]
    waits = {"dataset": "e2e-removed", "label": "e2e compares", "baseline_run": made}
    other = installation.post(runs, waits)["id"]
    console.open(f"/projects/{console.project_id}/evaluations/{made}")
    console.button("Remove").click()
    console.button("Remove run").click()
    console.alert(f"The run stays: the open run {other} refers to it.")
    installation.post(f"{runs}/{other}/cancel", {})
    console.button("Remove run").click()
    console.heading("Evaluations").wait_for()
    expect(page.get_by_role("link", name="e2e compares")).to_be_visible()
    expect(page.get_by_role("link", name="e2e removed")).to_have_count(0)


def test_a_dataset_shows_its_items_and_what_changed(console: Console, tmp_path: Path) -> None:
    page = console.page
    path = tmp_path / "items.jsonl"
    for expected in ("Open until 8.", "Open until 9."):
        path.write_text(json.dumps({"id": "hours", "input": "When?", "expected": expected}))
        console.installation.run("dataset", "import", "e2e-items", str(path))
    console.go("Datasets")
    page.get_by_role("link", name="e2e-items").click()
    console.heading("e2e-items").wait_for()
    page.get_by_role("button", name="Details of hours").click()
    expect(page.get_by_role("table", name="Items")).to_contain_text("Open until 9.")
    page.get_by_role("link", name="1 changed").click()
    change = page.get_by_role("list", name="Differences").get_by_role("listitem")
    expect(change).to_contain_text("changed: expected")
    expect(change.locator("mark")).to_have_text(["8", "9"])
