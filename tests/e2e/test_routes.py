"""Routes in the console: added, called, edited, in conflict, removed; read-only for viewers."""

import re

import pytest
from playwright.sync_api import Locator, expect

from e2e.conftest import Open
from e2e.console import Console
from e2e.test_roles import add_member
from installation import wait_until
from tests.ports import free_port

pytestmark = pytest.mark.e2e


def target(console: Console, stage: str, number: int = 0) -> Locator:
    """The field of a target's model."""
    return console.page.get_by_role("region", name=stage).get_by_role("combobox").nth(number)


def select(console: Console, field: Locator, text: str, option: str) -> None:
    """Types into a field and selects one of its suggestions by keyboard."""
    field.click()
    field.fill(text)
    expect(console.page.get_by_role("option", name=option, exact=True)).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value(option)


def add_unreachable(console: Console, name: str) -> None:
    """Adds a provider at whose address nothing listens."""
    url = f"http://127.0.0.1:{free_port()}/v1"
    console.installation.run(
        *("provider", "add", name, "--base-url", url, "--private-allowed", "--model", "large")
    )


def call(console: Console, route: str, text: str) -> None:
    """Calls the route as soon as the gateway knows it."""

    def answered() -> bool:
        try:
            return bool(console.installation.chat(text, model=route)["choices"])
        except OSError:
            return False

    wait_until(answered, 10)


def replace(console: Console, name: str, model: str) -> None:
    """Somebody else replaces the route."""
    console.installation.run("route", "set", name, "--target", f"sim/{model}")


def test_a_route_is_added_called_edited_and_removed(console: Console) -> None:
    add_unreachable(console, "down")
    console.go("Routes")
    console.page.get_by_role("link", name="Add route").first.click()
    console.page.get_by_label("Name").fill("triage")
    select(console, target(console, "First"), "down large", "down/large")
    console.button("Add fallback").click()
    select(console, target(console, "Fallback 1"), "small sim", "sim/sim-small")
    preview = console.page.get_by_role("complementary", name="Preview")
    expect(preview.get_by_role("region", name="Fallback 1")).to_contain_text("sim-small")
    console.page.get_by_label("Total timeout").fill("30")
    console.button("Add route").click()
    console.heading("triage").wait_for()
    expect(console.page.get_by_text("30 s in total")).to_be_visible()

    call(console, "triage", "Which pump hums?")
    attempts = console.page.get_by_role("table", name="Attempts by target")
    first = attempts.get_by_role("row").filter(has_text="down/large")
    expect(first).to_contain_text("upstream_unreachable", timeout=20_000)
    expect(first).to_contain_text("100%")
    answered = attempts.get_by_role("row").filter(has_text="sim/sim-small")
    answered.get_by_role("link").click()
    expect(console.button("Remove filter Requested model")).to_be_visible()
    console.row("Which pump hums?").first.click()
    steps = console.page.get_by_role("table", name="Attempts").get_by_role("row")
    expect(steps.nth(1)).to_contain_text("down/large")
    expect(steps.nth(1)).to_contain_text("upstream_unreachable")
    expect(steps.nth(2)).to_contain_text("sim/sim-small")
    console.page.get_by_role("region", name="Attempts").get_by_role("link", name="triage").click()
    console.heading("triage").wait_for()

    console.page.get_by_role("link", name="Edit").click()
    console.button("Add target to Fallback 1").click()
    select(console, target(console, "Fallback 1", 1), "sim-large", "sim/sim-large")
    console.page.get_by_label("Weight of sim/sim-large").fill("3")
    expect(console.page.get_by_label("Share of sim/sim-large")).to_have_text("75%")
    console.page.get_by_role("radio", name=re.compile("Sticky")).check()
    console.button("Save").click()
    console.heading("triage").wait_for()
    expect(console.page.get_by_text("version 2")).to_be_visible()
    expect(console.page.get_by_role("region", name="Fallback 1")).to_contain_text("75%")

    console.go("Routes")
    expect(console.row("triage")).to_contain_text("v2")
    expect(console.row("triage")).to_contain_text("Sticky")
    console.act("triage", "Remove")
    console.button("Remove route").click()
    expect(console.row("triage")).to_have_count(0)


def test_an_edit_never_overwrites_a_change_of_somebody_else(console: Console) -> None:
    console.watch.expect(409)
    replace(console, "contested", "sim-small")
    console.open(f"/projects/{console.project_id}/routes/contested/edit")
    expect(target(console, "First")).to_have_value("sim/sim-small")
    replace(console, "contested", "sim-reasoner")
    console.page.get_by_label("Attempts").fill("5")
    console.button("Save").click()
    console.alert("Somebody changed this route while you edited it.")
    console.button("Load again").click()
    expect(target(console, "First")).to_have_value("sim/sim-reasoner")
    expect(console.page.get_by_label("Attempts")).to_have_value("3")
    console.page.get_by_label("Attempts").fill("5")
    console.button("Save").click()
    expect(console.page.get_by_text("version 3")).to_be_visible()
    expect(console.page.get_by_text("at most 5")).to_be_visible()


def test_errors_appear_at_their_field_and_in_the_window(console: Console) -> None:
    console.watch.expect(400, 409)
    console.open(f"/projects/{console.project_id}/routes/_new")
    console.page.get_by_label("Name").fill("sim-large")
    target(console, "First").fill("sim/sim-small")
    console.button("Add fallback").click()
    target(console, "Fallback 1").fill("sim/sim-smal")
    console.button("Add route").click()
    name = console.page.get_by_label("Name")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(console.page.get_by_text("would hide the model")).to_be_in_viewport()
    name.fill("fine")
    console.button("Add route").click()
    wrong = console.page.get_by_role("region", name="Fallback 1")
    expect(wrong.get_by_role("alert")).to_contain_text("Did you mean sim-small")
    expect(wrong.get_by_role("combobox")).to_be_focused()
    expect(console.page.get_by_role("region", name="First").get_by_role("alert")).to_have_count(0)


def test_a_viewer_sees_routes_and_cannot_change_them(console: Console, window: Open) -> None:
    replace(console, "shown", "sim-small")
    _, theirs = add_member(console, window, "rosa@example.org", "Viewer")
    theirs.go("Routes")
    expect(theirs.row("shown")).to_contain_text("sim/sim-small")
    expect(theirs.page.get_by_role("link", name="Add route")).to_have_count(0)
    expect(theirs.button("Actions for shown")).to_have_count(0)
    theirs.page.get_by_role("link", name="shown").click()
    expect(theirs.page.get_by_role("region", name="First").first).to_contain_text("sim-small")
    expect(theirs.page.get_by_role("link", name="Edit")).to_have_count(0)
    theirs.open(f"/projects/{theirs.project_id}/routes/shown/edit")
    theirs.alert("Access denied")
