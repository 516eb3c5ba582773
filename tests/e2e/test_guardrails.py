"""Guardrail policies in the console: errors at their check, read-only for viewers."""

import pytest
from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.console import Console
from e2e.test_roles import add_member

pytestmark = pytest.mark.e2e


def test_an_unknown_detector_is_an_error_at_its_check(console: Console) -> None:
    console.watch.expect(400)
    console.go("Guardrails")
    console.page.get_by_role("link", name="Add policy").first.click()
    console.page.get_by_label("Name").fill("no secrets")
    first = console.page.get_by_role("region", name="Check 1")
    first.get_by_role("combobox", name="Detector").fill("no-such-detector")
    first.get_by_role("button", name="Output").click()
    first.get_by_label("A finding").select_option("block")
    preview = console.page.get_by_role("complementary", name="Preview")
    expect(preview.get_by_text("no-such-detector")).to_have_count(2)
    console.button("Add policy").click()
    expect(first.get_by_role("alert")).to_contain_text("There is no detector")
    first.get_by_label("Options of the detector").fill("[1]")
    console.button("Add policy").click()
    expect(console.page.get_by_role("alert")).to_contain_text("must be a JSON object")


def test_a_policy_is_added_edited_in_conflict_and_removed(console: Console) -> None:
    console.watch.expect(409)
    console.go("Guardrails")
    console.page.get_by_role("link", name="Add policy").first.click()
    console.page.get_by_label("Name").fill("no cards")
    first = console.page.get_by_role("region", name="Check 1")
    detector = first.get_by_role("combobox", name="Detector")
    detector.click()
    console.page.get_by_role("option", name="card_numbers").click()
    first.get_by_label("A finding").select_option("redact")
    console.button("Add condition").click()
    console.page.get_by_label("Value").fill("nobody")
    console.button("Add policy").click()
    row = console.row("no cards")
    expect(row).to_contain_text("redact")
    expect(row).to_contain_text("Team nobody")

    row.get_by_role("link").click()
    first.get_by_role("button", name="Output").click()
    console.installation.run(
        "guardrail", "set", "no cards", "--check", "secrets:input:flag", "--only", "team=nobody"
    )
    console.button("Save").click()
    console.alert("Somebody changed this policy while you edited it.")
    console.button("Load again").click()
    expect(detector).to_have_value("secrets")
    first.get_by_role("button", name="Output").click()
    console.button("Save").click()
    expect(row).to_contain_text("in input, output")
    expect(row).to_contain_text("v3")
    console.act("no cards", "Remove")
    console.button("Remove policy").click()
    expect(row).to_have_count(0)


def test_a_viewer_cannot_add_policies(console: Console, window: Open) -> None:
    _, theirs = add_member(console, window, "gus@example.org", "Viewer")
    theirs.go("Guardrails")
    expect(theirs.page.get_by_text("No guardrail policies yet")).to_be_visible()
    expect(theirs.page.get_by_role("link", name="Add policy")).to_have_count(0)
    theirs.open(f"/projects/{theirs.project_id}/guardrails/_new")
    theirs.alert("Access denied")
