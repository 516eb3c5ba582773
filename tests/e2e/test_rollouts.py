"""Use cases, releases and rollouts in the console; the palette; what viewers see."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.console import Console
from e2e.test_roles import add_member
from installation import Installation

pytestmark = pytest.mark.e2e


def base(installation: Installation) -> str:
    return f"/api/v1/projects/{installation.get('/api/v1/session')['project_id']}"


def released(installation: Installation, use_case: str, *, started: bool = True) -> list[str]:
    """Adds a use case with two releases, of which the first one answers in production."""
    path = base(installation)
    prompt = {
        "name": f"e2e/{use_case}",
        "content": {"kind": "text", "text": f"Be brief: {use_case}."},
    }
    version = installation.post(f"{path}/prompts", prompt)["version"]["digest"]
    criterion = {"name": "helpful", "at_least": 0.8}
    installation.post(f"{path}/use-cases", {"name": use_case, "criteria": [criterion]})
    models = ("sim/sim-small", "sim/sim-large")
    found: list[str] = []
    for at, model in enumerate(models):
        body: dict[str, Any] = {"model": model, "prompt": version, "message": f"Release {at + 1}"}
        body["parameters"] = {"max_tokens": 50 + len(use_case)}
        found.append(installation.post(f"{path}/releases", body)["digest"])
        evidence = {"kind": "evaluation", "result": "passed", "run": "e2e"}
        installation.post(f"{path}/releases/{found[-1]}/evidence", evidence)
    if started:
        installation.run("rollout", "start", use_case, found[0])
    return found


def show(console: Console, use_case: str) -> None:
    console.open(f"/projects/{console.project_id}/rollouts/{use_case}/production")
    console.heading(use_case).wait_for()


def confirm(console: Console, action: str, reason: str) -> None:
    """Opens the dialog of an action, gives a reason, and confirms."""
    console.button(action).click()
    console.dialog().get_by_label("Reason").fill(reason)
    console.dialog().get_by_role("button", name=action, exact=True).click()
    expect(console.dialog()).to_be_hidden()


def test_a_use_case_is_added_edited_and_found(console: Console) -> None:
    page = console.page
    console.go("Use cases")
    page.get_by_role("link", name="Add use case").first.click()
    page.get_by_label("Name", exact=True).fill("e2e-catalogue")
    page.get_by_label("Purpose").fill("Answers questions about opening hours.")
    page.get_by_label("Risk tier").select_option("limited")
    console.button("Add criterion").click()
    page.get_by_label("Name of the score").fill("helpful")
    console.watch.expect(400)
    console.button("Add use case").click()
    expect(page.get_by_text("A criterion has a target")).to_be_visible()
    page.get_by_label("Least value of helpful").fill("0.8")
    console.button("Add use case").click()
    console.heading("e2e-catalogue").wait_for()
    expect(page.get_by_role("table", name="Criteria of quality")).to_contain_text("at least 0.8")
    expect(console.row("staging")).to_contain_text("No release answers here.")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Owner").fill("Ann")
    console.button("Save").click()
    expect(page.get_by_label("About")).to_contain_text("Ann")
    console.go("Use cases")
    page.get_by_label("Search use cases").fill("opening ann")
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)


def test_a_canary_is_started_paused_promoted_and_reverted(console: Console) -> None:
    page = console.page
    first, second = released(console.installation, "e2e-canary")
    show(console, "e2e-canary")
    page.get_by_role("link", name="Compare releases").click()
    page.get_by_role("combobox", name="Candidate").fill(second[:12])
    page.get_by_role("option").first.click()
    page.get_by_label("Steps in percent").fill("10, 50")
    console.button("Start comparison").click()
    console.heading("e2e-canary").wait_for()
    expect(page.get_by_label("Steps").get_by_role("listitem")).to_have_count(3)
    arms = page.get_by_role("table", name="Arms")
    expect(arms.get_by_role("row").nth(1)).to_contain_text(first[:12])
    expect(arms.get_by_role("row").nth(2)).to_contain_text("10%")
    expect(page.get_by_role("table", name="Evidence")).to_contain_text("too few units")
    confirm(console, "Pause", "Look first")
    expect(page.get_by_text("nothing is decided")).to_be_visible()
    confirm(console, "Resume", "Fine")
    confirm(console, "Promote", "Good enough")
    history = page.get_by_label("Changes").get_by_role("listitem")
    expect(history.first).to_contain_text("Promoted")
    expect(arms.get_by_role("row")).to_have_count(2)
    expect(arms).to_contain_text(second[:12])
    confirm(console, "Undo", "Taken back")
    expect(history.first).to_contain_text("Taken back")
    found = console.installation.get(f"{base(console.installation)}/rollouts/e2e-canary/production")
    assert [each["release"] for each in found["arms"]] == [first, second]


def test_a_change_that_somebody_else_made_first_is_refused(console: Console) -> None:
    _, second = released(console.installation, "e2e-late")
    show(console, "e2e-late")
    console.button("Start release").click()
    picker = console.dialog().get_by_role("combobox", name="Release")
    picker.fill(second[:12])
    console.page.get_by_role("option").first.click()
    console.installation.run("rollout", "start", "e2e-late", second)
    console.watch.expect(409)
    console.dialog().get_by_role("button", name="Start", exact=True).click()
    expect(console.dialog()).to_contain_text("you saw 1")


def test_a_release_needs_evidence_for_production(console: Console) -> None:
    page = console.page
    installation = console.installation
    released(installation, "e2e-proven")
    body = {"model": "sim/sim-small", "parameters": {"max_tokens": 7}, "message": "Unproven"}
    digest = installation.post(f"{base(installation)}/releases", body)["digest"]
    show(console, "e2e-proven")
    console.button("Start release").click()
    console.dialog().get_by_role("combobox", name="Release").fill("Unproven")
    page.get_by_role("option").first.click()
    expect(console.dialog()).to_contain_text("no passed evidence")
    console.dialog().get_by_role("link", name="Its evidence").click()
    page.get_by_role("heading", name=digest[:12], level=1).wait_for()
    console.button("Record evidence").click()
    console.dialog().get_by_label("Run").fill("run 7")
    console.dialog().get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("table", name="Evidence")).to_contain_text("run 7")
    show(console, "e2e-proven")
    console.button("Start release").click()
    console.dialog().get_by_role("combobox", name="Release").fill("Unproven")
    page.get_by_role("option").first.click()
    console.dialog().get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("table", name="Arms")).to_contain_text("Unproven")


def test_a_release_shows_its_lineage_and_is_compared(console: Console) -> None:
    page = console.page
    first, second = released(console.installation, "e2e-lineage")
    console.go("Releases")
    page.get_by_label("Search releases").fill(first[:12])
    page.wait_for_url("**q=*")  # the search has settled
    page.get_by_role("link", name=first[:12]).click()
    lineage = page.get_by_role("region", name="Lineage")
    for name in ("sim/sim-small", "e2e/e2e-lineage", "e2e-lineage"):
        expect(lineage.get_by_role("link", name=name, exact=True)).to_be_visible()
    lineage.get_by_role("link", name="e2e-lineage", exact=True).click()
    console.heading("e2e-lineage").wait_for()
    console.go("Releases")
    for digest in (first, second):
        page.get_by_label(f"Compare {digest[:12]}").check()
    page.get_by_role("link", name="Compare", exact=True).click()
    parts = page.get_by_role("table", name="Parts of both releases")
    expect(parts.get_by_role("row").nth(1)).to_contain_text(re.compile("sim-small.*sim-large"))
    expect(page.get_by_role("region", name="Prompt")).to_contain_text("Both have e2e/e2e-lineage")


def test_the_palette_finds_rollouts_and_pages(console: Console) -> None:
    page = console.page
    released(console.installation, "e2e-found")
    console.go("Limits")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Go to").fill("rollout e2e-found")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    console.heading("e2e-found").wait_for()
    assert page.url.endswith("/rollouts/e2e-found/production")


def test_a_viewer_sees_a_rollout_and_changes_nothing(console: Console, window: Open) -> None:
    released(console.installation, "e2e-viewed")
    _, theirs = add_member(console, window, "rollout-reader@example.org", "Viewer")
    show(theirs, "e2e-viewed")
    expect(theirs.page.get_by_role("table", name="Arms")).to_contain_text("Release 1")
    expect(theirs.button("Start release")).to_be_hidden()
    expect(theirs.button("Undo")).to_be_hidden()


def test_a_shadow_is_started_compared_and_ended(console: Console, penstock: Installation) -> None:
    first, second = released(penstock, "e2e-shadow")
    page = console.page
    show(console, "e2e-shadow")
    console.act("the rollout", "Start shadow…")
    console.dialog().get_by_label("Release").fill(second[:12])
    page.get_by_role("option").first.click()
    console.dialog().get_by_label("Copies (%)").fill("100")
    console.dialog().get_by_role("button", name="Start shadow").click()
    shadow = page.get_by_role("region", name="Shadow")
    expect(shadow).to_contain_text("100 % of the calls")
    expect(shadow).to_contain_text("of $1.00 today")
    assert penstock.chat(model="e2e-shadow", messages=[])["choices"], first
    expect(shadow.get_by_role("table", name="Shadow and callers")).to_be_visible(timeout=45_000)
    expect(shadow).to_contain_text("Callers got")
    shadow.get_by_text("Answers of the newest 1").click()
    expect(shadow.get_by_role("table", name="Pairs of answers").get_by_role("link")).to_have_count(
        2
    )
    console.act("the rollout", "End shadow…")
    console.dialog().get_by_label("Reason").fill("Seen enough")
    console.dialog().get_by_role("button", name="End shadow").click()
    expect(shadow).to_be_hidden()
