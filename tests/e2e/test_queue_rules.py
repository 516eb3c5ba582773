"""The rule of an annotation queue is added, changed, paused and removed in the console."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.console import Console
from installation import Installation

pytestmark = pytest.mark.e2e


def sources(installation: Installation, folder: Path) -> None:
    """Adds what a rule can follow, and the queue that it fills."""
    items = [
        {"id": each, "input": each, "metadata": {"output": f"Answer {each}"}, "split": "test"}
        for each in ("a", "b")
    ]
    path = folder / "items.jsonl"
    path.write_text("\n".join(map(json.dumps, items)))
    installation.run("dataset", "import", "e2e-follow-items", str(path))
    installation.run("online", "set", "e2e-follow-live", "--evaluator", "length")
    project = installation.get("/api/v1/session")["project_id"]
    schema = {"kind": "binary", "question": "Is it right?"}
    for name in ("e2e-follow-other", "e2e-follow"):
        body = {"name": name, "label_schema": schema, "score": "right"}
        installation.post(f"/api/v1/projects/{project}/annotation/queues", body)


def test_a_queue_follows_a_dataset_then_live_traffic(console: Console, tmp_path: Path) -> None:
    console.watch.expect(400)
    page = console.page
    sources(console.installation, tmp_path)
    path = f"/api/v1/projects/{console.project_id}/annotation/queues/e2e-follow"
    console.open(f"/projects/{console.project_id}/annotation/e2e-follow")
    page.get_by_role("link", name="Add a rule").click()
    console.button("Save rule").click()
    expect(page.get_by_label("Dataset")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Dataset").select_option("e2e-follow-items")
    page.get_by_label("Split").select_option("test")
    page.get_by_label("Share (%)").fill("100")
    console.button("Save rule").click()
    rule = page.get_by_role("region", name="Rule")
    expect(rule).to_contain_text("new items of the dataset e2e-follow-items, split test")
    expect(rule.get_by_text("running")).to_be_visible()
    added = rule.get_by_label("About the rule").get_by_text("2", exact=True)
    expect(added).to_be_visible(timeout=30_000)  # the server has filled the queue

    page.get_by_role("link", name="Edit rule").click()
    expect(page.get_by_label("Split")).to_have_value("test")
    page.get_by_label("Follows").select_option("queue")
    names = page.get_by_label("Other queue").get_by_role("option")
    expect(names.filter(has_text="e2e-follow-other")).to_have_count(1)
    expect(names.get_by_text("e2e-follow", exact=True)).to_have_count(0)  # not itself
    page.get_by_label("Follows").select_option("online")
    page.get_by_label("Online evaluation").select_option("e2e-follow-live")
    page.get_by_label("Calls", exact=True).select_option("low")
    page.get_by_label("Metrics").fill("nonsense")
    console.button("Save rule").click()
    expect(page.get_by_role("alert")).to_contain_text("has no metric 'nonsense'")
    page.get_by_label("Metrics").fill("length")
    page.get_by_label("Items a day at most").fill("7")
    console.button("Save rule").click()
    expect(rule).to_contain_text("e2e-follow-live measures, where length is low (limit 0.5)")
    expect(rule).to_contain_text("of at most 7")
    saved = console.installation.get(f"{path}/rule")
    assert (saved["dataset"], saved["split"], saved["metrics"]) == ("", "", ["length"])

    rule.get_by_role("button", name="Pause").click()
    expect(rule.get_by_text("paused")).to_be_visible()
    rule.get_by_role("button", name="Resume").click()
    expect(rule.get_by_text("running")).to_be_visible()
    rule.get_by_role("button", name="Remove").click()
    console.button("Remove rule").click()
    expect(page.get_by_role("link", name="Add a rule")).to_be_visible()
    assert console.installation.get(path)["progress"]["items"] == 2
