"""Notifications and approvals in the console: the bell, mentions, what waits for an approval."""

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.console import Console
from e2e.test_roles import add_member
from e2e.test_rollouts import base
from installation import Installation

pytestmark = pytest.mark.e2e


def bell(console: Console, unread: int) -> None:
    """Waits until the bell shows a number."""
    console.page.reload()
    name = f"Notifications: {unread} unread" if unread else "Notifications"
    console.page.get_by_role("link", name=name, exact=True).wait_for(timeout=30_000)


def test_a_mention_is_picked_notified_and_read(
    console: Console, penstock: Installation, window: Open
) -> None:
    _, theirs = add_member(console, window, "mia@example.org", "Editor")
    content = {"kind": "text", "text": "Be brief."}
    made = penstock.post(f"{base(penstock)}/prompts", {"name": "e2e/mention", "content": content})
    path = f"/projects/{console.project_id}/prompts/{made['prompt']['id']}?tab=comments"
    console.open(path)
    field = console.page.get_by_label("Comment on version 1")
    field.press_sequentially("Look, @mi")
    expect(console.page.get_by_role("option")).to_have_text(["mia@example.org"])
    field.press("Enter")
    field.press_sequentially("<img src=x onerror=alert(1)> @nobody")
    console.button("Add comment").click()
    comment = console.page.get_by_role("list", name="Comments")
    expect(comment).to_contain_text("Look, @mia@example.org <img src=x onerror=alert(1)> @nobody")
    expect(comment.get_by_title("mia@example.org")).to_have_text("@mia@example.org")
    bell(theirs, 1)
    theirs.page.get_by_role("link", name=re.compile("^Notifications")).click()
    row = theirs.page.get_by_role("list", name="Notifications").get_by_role("listitem")
    expect(row).to_contain_text("mentioned you in a comment on the prompt e2e/mention, version 1.")
    expect(row).to_contain_text("<img src=x onerror=alert(1)>")
    row.get_by_role("link").click()
    expect(theirs.page.get_by_role("tab", name="Comments")).to_have_attribute(
        "aria-selected", "true"
    )
    theirs.page.get_by_role("link", name="Notifications", exact=True).click()
    expect(theirs.page.get_by_text("Nothing unread")).to_be_visible()
    theirs.page.get_by_role("radio", name="All").click()
    theirs.button("Mark as unread").click()
    expect(theirs.page.get_by_role("link", name="Notifications: 1 unread")).to_be_visible()
    theirs.button("Mark all as read").click()
    expect(theirs.page.get_by_role("link", name="Notifications", exact=True)).to_be_visible()
    theirs.button("Choose kinds").click()
    theirs.dialog().get_by_label("Mentions").uncheck()
    theirs.dialog().get_by_role("button", name="Save").click()
    expect(theirs.dialog()).to_be_hidden()
    theirs.button("Choose kinds").click()
    expect(theirs.dialog().get_by_label("Mentions")).not_to_be_checked()


def test_an_approval_is_judged_by_evidence_and_differences(
    console: Console, penstock: Installation, window: Open
) -> None:
    path = base(penstock)
    penstock.post(f"{path}/use-cases", {"name": "e2e-approval", "risk_tier": "high"})
    digests: list[str] = []
    for model, message in (("sim/sim-small", "First"), ("sim/sim-large", "Larger model")):
        body = {"model": model, "message": message, "parameters": {"seed": 7}}
        digest = penstock.post(f"{path}/releases", body)["digest"]
        evidence = {"kind": "evals", "result": "passed", "run": "e2e"}
        penstock.post(f"{path}/releases/{digest}/evidence", evidence)
        digests.append(digest)
    penstock.run("rollout", "start", "e2e-approval", digests[0], "--environment", "dev")
    where = f"{path}/releases/{digests[1]}/approvals/e2e-approval"
    for environment in ("dev", "staging"):
        penstock.post(f"{where}/{environment}/request", {"message": "Answers are better."})
    _, approver = add_member(console, window, "max@example.org", "Editor")
    approver.go("Releases")
    approver.page.get_by_role("link", name=re.compile("^Approvals")).click()
    card = approver.page.get_by_role("article", name="e2e-approval in dev")
    details = card.get_by_text("Evidence and differences")
    if not card.get_by_role("table", name="Evidence").is_visible():
        details.click()
    expect(card.get_by_role("table", name="Evidence")).to_contain_text("passed")
    parts = card.get_by_role("table", name="Parts of both releases")
    expect(parts).to_contain_text("sim/sim-small")
    expect(parts).to_contain_text("sim/sim-large")
    card.get_by_role("button", name="Reject").click()
    approver.dialog().get_by_role("button", name="Reject").click()
    expect(approver.dialog()).to_be_visible()  # a rejection needs a reason
    approver.dialog().get_by_label("Reason").fill("Too dear.")
    approver.dialog().get_by_role("button", name="Reject").click()
    expect(card).to_be_hidden()
    second = approver.page.get_by_role("article", name="e2e-approval in staging")
    second.get_by_role("button", name="Approve").click()
    approver.dialog().get_by_role("button", name="Approve").click()
    expect(approver.page.get_by_role("region", name="Decided")).to_contain_text("Too dear.")
    console.page.get_by_role("link", name=re.compile("^Notifications")).click()
    found = console.page.get_by_role("list", name="Notifications")
    expect(found).to_contain_text("rejected the release", timeout=30_000)
    expect(found).to_contain_text("Too dear.")
