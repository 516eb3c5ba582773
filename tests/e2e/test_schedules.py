"""Schedules of evaluation runs are added, started, changed, switched and removed in the console."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.console import Console

pytestmark = pytest.mark.e2e

NAME = "e2e-sched-nightly"
DATASET = "e2e-sched-faq"


def add_dataset(console: Console, folder: Path) -> None:
    """Adds a dataset of four items, with recorded outputs in the member `out`."""
    items = [{"input": f"q{at}", "expected": "a", "metadata": {"out": "a"}} for at in range(4)]
    path = folder / "items.jsonl"
    path.write_text("\n".join(map(json.dumps, items)))
    console.installation.run("dataset", "import", DATASET, str(path))


def add_schedule(console: Console) -> None:
    """Adds a schedule in its form, after two errors."""
    page = console.page
    console.go("Evaluations")
    page.get_by_role("radio", name="Schedules").click()
    page.get_by_role("link", name="Add a schedule").click()
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_label("Dataset", exact=True).select_option(DATASET)
    page.get_by_label("Target").select_option(label="Recorded outputs of the dataset")
    page.get_by_label("Member of the items' metadata").fill("out")
    page.get_by_label("Add an evaluator").fill("equals")
    page.get_by_role("option").filter(has_text="equals –").click()
    console.button("Add schedule").click()
    expect(page.get_by_text("A schedule needs a cron expression or a trigger.")).to_be_visible()
    page.get_by_label("Times (cron)").fill("0 6 * * 1-5")
    expect(page.get_by_text("weekdays at 06:00")).to_be_visible()
    page.get_by_label("Time zone").fill("Nowhere/Land")
    console.button("Add schedule").click()
    expect(page.get_by_text("is no time zone")).to_be_visible()  # nothing is lost
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.keyboard.press("Escape")
    console.button("Add change").click()
    page.get_by_label("Change", exact=True).select_option(label="A prompt's label moves")
    page.get_by_label("Label that moves").fill("staging")
    console.button("Add schedule").click()


def switch(console: Console, *, on: bool) -> None:
    """Somebody else resumes or pauses the schedule."""
    console.installation.run("eval", "schedule", "resume" if on else "pause", NAME)


def test_a_schedule_is_added_started_changed_and_removed(console: Console, tmp_path: Path) -> None:
    console.watch.expect(400, 409)
    page = console.page
    add_dataset(console, tmp_path)
    add_schedule(console)

    console.heading(NAME).wait_for()
    about = page.get_by_label("About")
    expect(about).to_contain_text("weekdays at 06:00 (Europe/Berlin)")
    expect(about).to_contain_text("label staging of any prompt moves")
    expect(about).to_contain_text("its newest 200 runs")
    console.button("Start now").click()
    start = page.get_by_role("table", name="Starts").get_by_role("row").nth(1)
    expect(start).to_contain_text("started")
    expect(start.get_by_role("link", name="done", exact=True)).to_be_visible(timeout=30_000)
    start.get_by_role("link", name="done", exact=True).click()
    expect(console.heading(NAME)).to_be_visible()  # the run has the name of its schedule
    expect(page.get_by_role("table", name="Metrics")).to_contain_text("4 of 4")
    page.go_back()

    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_label("Times (cron)")).to_have_value("0 6 * * 1-5")
    expect(page.get_by_label("Label that moves")).to_have_value("staging")
    console.button("Remove change").click()
    switch(console, on=False)
    page.get_by_label("Runs to keep").fill("30")
    console.button("Save").click()
    console.alert("Somebody changed this schedule while you edited it.")
    console.button("Load again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    console.button("Remove change").click()
    page.get_by_label("Runs to keep").fill("30")
    console.button("Save").click()
    expect(about).to_contain_text("its newest 30 runs")
    expect(about).not_to_contain_text("staging")
    switch(console, on=True)  # the edit has kept the pause
    console.button("Pause").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    console.go("Evaluations")
    page.get_by_role("radio", name="Schedules").click()
    expect(console.row(NAME)).to_contain_text("paused")
    expect(console.row(NAME)).to_contain_text("done")
    page.get_by_role("link", name=NAME).click()
    console.button("Resume").click()
    expect(page.get_by_text("waiting", exact=True)).to_be_visible()
    console.button("Remove").click()
    console.button("Remove schedule").click()
    console.heading("Evaluations").wait_for()
    expect(page.get_by_role("link", name=NAME)).to_have_count(0)
