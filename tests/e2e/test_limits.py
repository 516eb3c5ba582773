"""Limits in the console: added, used, edited, removed; the counters of values; read-only."""

import pytest
from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.console import Console
from e2e.test_roles import add_member

pytestmark = pytest.mark.e2e


def add(console: Console, name: str, *options: str) -> None:
    """Adds a limit from the command line."""
    console.installation.run("limit", "add", name, *options)


def test_a_budget_is_added_edited_and_removed(console: Console) -> None:
    console.go("Limits")
    console.button("Add limit").first.click()
    dialog = console.dialog()
    dialog.get_by_label("Name", exact=True).fill("search team")
    dialog.get_by_label("Amount in USD").fill("500")
    dialog.get_by_label("Time zone").fill("Europe/Berlin")
    console.button("Add condition").click()
    dialog.get_by_label("Value").fill("search")
    dialog.get_by_role("button", name="Add limit").click()
    row = console.row("search team")
    expect(row).to_contain_text("$500.00 a month")
    expect(row).to_contain_text("Team search")

    console.act("search team", "Edit")
    dialog.get_by_label("Amount in USD").fill("600")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("$600.00 a month")
    row.get_by_role("link").click()
    console.heading("search team").wait_for()
    expect(console.page.get_by_text("Each month, Europe/Berlin")).to_be_visible()
    expect(console.page.get_by_role("img", name="What is left over time")).to_be_visible()
    console.button("Actions for search team").click()
    console.page.get_by_role("menuitem", name="Remove").click()
    console.button("Remove limit").click()
    console.heading("Limits").wait_for()
    expect(console.row("search team")).to_have_count(0)


def test_an_error_appears_at_its_field(console: Console) -> None:
    console.watch.expect(400)
    console.go("Limits")
    console.button("Add limit").first.click()
    dialog = console.dialog()
    dialog.get_by_label("Name", exact=True).fill("odd")
    dialog.get_by_label("Amount in USD").fill("5")
    dialog.get_by_label("Time zone").fill("Mars/Olympus")
    dialog.get_by_role("button", name="Add limit").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is no time zone")


def test_a_limit_shows_what_its_users_used(console: Console) -> None:
    add(console, "each user", "--requests", "50", "--window", "month", "--per", "user")
    console.installation.run("demo", "--calls", "40")
    console.go("Limits")
    console.page.get_by_role("link", name="each user", exact=True).click()
    table = console.page.get_by_role("table", name="Counters")
    expect(table.get_by_role("row").nth(1)).to_be_visible(timeout=20_000)
    table.get_by_role("row").nth(1).get_by_role("link").click()
    use = console.page.get_by_role("region", name="Use", exact=True)
    expect(use.get_by_text("Left", exact=True).first).to_be_visible()
    console.page.get_by_label("User", exact=True).fill("nobody@example.org")
    console.button("Show").click()
    expect(use.get_by_role("heading", name="nobody@example.org")).to_be_visible()
    expect(use).to_contain_text("0%")


def test_a_viewer_sees_limits_and_cannot_change_them(console: Console, window: Open) -> None:
    add(console, "shown", "--concurrency", "1000")
    _, theirs = add_member(console, window, "lia@example.org", "Viewer")
    theirs.go("Limits")
    expect(theirs.row("shown")).to_contain_text("1,000 open calls")
    expect(theirs.button("Add limit")).to_have_count(0)
    expect(theirs.button("Actions for shown")).to_have_count(0)
    theirs.page.get_by_role("link", name="shown", exact=True).click()
    theirs.heading("shown").wait_for()
    expect(theirs.button("Edit")).to_have_count(0)
