"""Datasets grow from recorded calls, once and by rules, and are divided and exported."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.console import Console
from e2e.test_dataset_import import add_dataset
from e2e.test_evaluation_work import import_items

pytestmark = pytest.mark.e2e


def test_calls_are_added_from_a_trace_and_from_a_filtered_list(console: Console) -> None:
    page = console.page
    add_dataset(console, "e2e-calls")
    [call] = console.installation.get("/api/v1/traces?limit=1&status=ok&operation=chat")["items"]
    console.open(f"/projects/{console.project_id}/traces/{call['trace_id']}")
    console.button("Add to dataset").click()
    console.dialog().get_by_label("Dataset").select_option("e2e-calls")
    console.dialog().get_by_role("button", name="Add", exact=True).click()
    expect(console.dialog()).to_contain_text("Version 1: 1 added.")
    console.dialog().get_by_role("button", name="Close").last.click()

    console.open(f"/projects/{console.project_id}/traces?range=24h&status=ok&operation=chat")
    console.button("Add to dataset").click()
    console.dialog().get_by_label("Dataset").select_option("e2e-calls")
    console.dialog().get_by_label("Calls at most").fill("20")
    console.dialog().get_by_role("button", name="Add", exact=True).click()
    expect(console.dialog()).to_contain_text("Version 2:")
    console.dialog().get_by_role("link", name="Open e2e-calls").click()
    console.heading("e2e-calls").wait_for()
    expect(
        page.get_by_role("table", name="Items").get_by_role("link", name="Trace")
    ).not_to_have_count(0)


def test_a_rule_is_added_changed_paused_and_ended(console: Console) -> None:
    page = console.page
    add_dataset(console, "e2e-ruled")
    page.get_by_role("link", name="Add a rule").click()
    page.get_by_label("Of these").select_option("low")
    page.get_by_label("Share of the traces (%)").fill("50")
    console.button("Save rule").click()
    facts = page.get_by_label("About the rule")
    expect(facts).to_contain_text("users not content")
    page.get_by_role("link", name="Edit rule").click()
    expect(page.get_by_label("Of these")).to_have_value("low")
    page.get_by_label("Of these").select_option("all")
    expect(page.get_by_label("Forecast")).to_contain_text("calls match in the last 7 days")
    console.button("Save rule").click()
    expect(facts).to_contain_text("all calls")
    rule = page.get_by_role("region", name="Rule")
    console.button("Pause").click()
    expect(rule.get_by_text("paused")).to_be_visible()
    console.button("Resume").click()
    expect(rule.get_by_text("running")).to_be_visible()

    console.go("Datasets")
    page.get_by_role("radio", name="Rules").click()
    page.get_by_role("table", name="Rules").get_by_role("link", name="e2e-ruled").click()
    console.button("End").click()
    console.button("End rule").click()
    expect(page.get_by_role("link", name="Add a rule")).to_be_visible()


def test_an_edit_of_a_rule_never_overwrites_a_change_of_somebody_else(console: Console) -> None:
    console.watch.expect(409)
    page = console.page
    add_dataset(console, "e2e-contested")
    console.installation.run("dataset", "rule", "set", "e2e-contested", "--daily-cap", "20")
    console.open(f"/projects/{console.project_id}/datasets/e2e-contested/_rule")
    cap = page.get_by_label("Items a day at most")
    expect(cap).to_have_value("20")
    console.installation.run("dataset", "rule", "set", "e2e-contested", "--daily-cap", "30")
    cap.fill("40")
    console.button("Save rule").click()
    console.alert("Somebody changed this rule while you edited it.")
    console.alert("was changed by")
    console.button("Load again").click()
    expect(cap).to_have_value("30")
    cap.fill("40")
    console.button("Save rule").click()
    expect(page.get_by_label("About the rule")).to_contain_text("of at most 40")


def test_a_dataset_is_divided_and_exported(console: Console, tmp_path: Path) -> None:
    page = console.page
    import_items(console, tmp_path, "e2e-divided")
    console.go("Datasets")
    page.get_by_role("link", name="e2e-divided").click()
    splits = page.get_by_role("region", name="Splits")
    expect(splits).to_contain_text("without a split")
    console.button("Divide").click()
    page.get_by_label("Share of train in percent").fill("50")
    expect(console.dialog()).to_contain_text("Together 70 %: the shares must be 100 %.")
    page.get_by_label("Share of test in percent").fill("50")
    console.dialog().get_by_text("Further settings").click()
    page.get_by_label("Similarity that keeps inputs together (%)").fill("100")
    console.dialog().get_by_role("button", name="Divide", exact=True).click()
    newest = page.get_by_role("table", name="Versions").get_by_role("row").nth(1)
    expect(newest).to_contain_text("Splits train=0.5, test=0.5, seed 0")
    expect(splits).to_contain_text("train")
    expect(splits).not_to_contain_text("without a split")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert download.value.suggested_filename == "e2e-divided-v2.jsonl"
    lines = download.value.path().read_text().splitlines()
    assert {json.loads(line)["split"] for line in lines} == {"train", "test"}
    assert len(lines) == 24
