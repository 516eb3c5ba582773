"""Runs are started, datasets edited and webhooks added in the console."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.console import Console

pytestmark = pytest.mark.e2e


def import_items(console: Console, folder: Path, name: str) -> None:
    """Adds a dataset whose items have recorded outputs; one of four is wrong."""
    path = folder / f"{name}.jsonl"
    items = [
        {
            "id": f"q{at}",
            "input": f"Question {at}",
            "expected": f"Answer {at}",
            "metadata": {"out": f"Answer {at if at % 4 else 0}", "topic": f"t{at % 2}"},
        }
        for at in range(24)
    ]
    path.write_text("\n".join(map(json.dumps, items)))
    console.installation.run("dataset", "import", name, str(path))


def test_a_run_is_started_and_its_figures_lead_to_their_items(
    console: Console, tmp_path: Path
) -> None:
    page = console.page
    import_items(console, tmp_path, "e2e-started")
    console.go("Evaluations")
    page.get_by_role("link", name="Start a run").click()
    page.get_by_label("Dataset").select_option("e2e-started")
    expect(page.get_by_label("Forecast")).to_contain_text("24 items of the newest version")
    page.get_by_role("radio", name="Recorded outputs").click()
    page.get_by_label("Member of the items' metadata").fill("out")
    page.get_by_label("Add an evaluator").fill("equals")
    page.get_by_role("option").filter(has_text="equals –").click()
    page.get_by_label("What the run is for").fill("e2e started")
    console.button("Start run").click()
    console.heading("e2e started").wait_for()
    metric = page.get_by_role("table", name="Metrics").get_by_role("row").nth(1)
    expect(metric).to_contain_text("24 of 24", timeout=30_000)
    results = page.get_by_role("table", name="Results")
    metric.get_by_role("button").first.click()
    expect(results.get_by_role("row").nth(1)).to_contain_text("no")
    page.get_by_role("table", name="Slices by topic").get_by_role("button", name="12").last.click()
    expect(results.get_by_role("row")).to_have_count(13)
    expect(console.button("Remove the filter topic: t1")).to_be_visible()


def test_items_are_edited_and_a_version_of_somebody_else_is_no_loss(
    console: Console, tmp_path: Path
) -> None:
    console.watch.expect(409)
    page = console.page
    import_items(console, tmp_path, "e2e-edited")
    console.go("Datasets")
    page.get_by_role("link", name="e2e-edited").click()
    console.button("Edit items").click()
    page.get_by_label("Expected of q1", exact=True).fill("Another answer")
    console.button("Remove q2").click()
    console.button("Add item").click()
    page.get_by_label("Input of new item").fill("A new question")
    expect(page.get_by_text("1 added, 1 changed, 1 removed")).to_be_visible()
    path = tmp_path / "other.jsonl"
    path.write_text(json.dumps({"id": "other", "input": "Theirs"}))
    console.installation.run("dataset", "import", "e2e-edited", str(path))
    console.button("Commit version").click()
    conflict = page.get_by_role("alert").filter(
        has_text="made version 2 while you edited version 1"
    )
    expect(conflict).to_be_visible(timeout=30_000)
    console.button("Put my changes on version 2").click()
    console.button("Commit version").click()
    newest = page.get_by_role("table", name="Versions").get_by_role("row").nth(1)
    expect(newest).to_contain_text("1 added, 1 changed, 1 removed")
    expect(page.get_by_role("table", name="Items")).to_contain_text("Theirs")


def test_a_webhook_shows_its_secret_once_and_what_became_of_a_message(console: Console) -> None:
    page = console.page
    console.go("Webhooks")
    console.button("Add webhook").first.click()
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/hook")
    page.get_by_label("Allow a private address").check()
    console.dialog().get_by_role("button", name="Add webhook").click()
    expect(page.get_by_label("secret", exact=True)).to_contain_text("whsec_")
    console.button("I have copied it").click()
    console.act("http://127.0.0.1:9/hook", "Send a test message")
    message = page.get_by_role("table", name="Messages").get_by_role("row").nth(1)
    expect(message).to_contain_text("webhook.test")
    expect(message).not_to_contain_text("delivered")
