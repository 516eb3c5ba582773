"""Members in the console, and what each role is offered."""

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Open
from e2e.console import Console, Person

pytestmark = pytest.mark.e2e


def add_member(console: Console, email: str, role: str) -> Person:
    """Takes somebody in by the dialog and gives what they sign in with."""
    console.go("Members")
    console.button("Add member").click()
    dialog = console.dialog()
    dialog.get_by_label("Email").fill(email)
    dialog.get_by_label("Role").select_option(label=role)
    dialog.get_by_role("button", name="Add member").click()
    password = dialog.get_by_label("password", exact=True).inner_text().strip()
    console.button("I have copied it").click()
    expect(console.row(email)).to_contain_text(role)
    return Person(email, password)


def ask(page: Page, method: str, path: str) -> int:
    """What the API answers this window's session, asked past the console's own buttons."""
    answer = page.evaluate(
        """async ([method, path]) => {
          const session = await (await fetch("/api/v1/session")).json();
          const headers = {"x-csrf-token": session.csrf_token, "content-type": "application/json"};
          const body = method === "GET" ? undefined : JSON.stringify({name: "x"});
          return (await fetch(path, {method, headers, body})).status;
        }""",
        [method, path],
    )
    return int(answer)


def test_a_viewer_sees_calls_and_is_denied_what_changes_something(
    console: Console, window: Open
) -> None:
    viewer = add_member(console, "vera@example.org", "Viewer")
    theirs = window(console.installation)
    theirs.sign_in(viewer)
    theirs.watch.expect(403)
    project = f"/api/v1/projects/{theirs.project_id}"

    theirs.go("Keys")
    theirs.alert("You may not see this")
    expect(theirs.button("Create key")).to_have_count(0)
    assert ask(theirs.page, "GET", f"{project}/keys") == 403
    assert ask(theirs.page, "POST", f"{project}/keys") == 403

    theirs.go("Audit")
    theirs.alert("You may not see this")
    assert ask(theirs.page, "GET", f"{project}/audit") == 403

    theirs.go("Providers")
    expect(theirs.row("sim").first).to_be_visible()
    expect(theirs.button("Add provider")).to_have_count(0)
    expect(theirs.button("Test sim")).to_have_count(0)
    assert ask(theirs.page, "POST", f"{project}/providers/sim/test") == 403

    theirs.go("Members")
    expect(theirs.row("vera@example.org")).to_contain_text("you")
    expect(theirs.button("Add member")).to_have_count(0)
    expect(theirs.button("Actions for vera@example.org")).to_have_count(0)


def test_a_role_is_changed_and_a_member_removed(console: Console, window: Open) -> None:
    person = add_member(console, "emil@example.org", "Viewer")
    theirs = window(console.installation)
    theirs.sign_in(person)
    console.button("Role of emil@example.org: Viewer").click()
    console.page.get_by_role("menuitem", name="Editor").click()
    expect(console.row("emil@example.org")).to_contain_text("Editor")
    theirs.page.reload()
    theirs.go("Keys")
    expect(theirs.row("bootstrap")).to_be_visible()
    expect(theirs.button("Create key")).to_have_count(0)

    console.act("emil@example.org", "Remove")
    console.button("Remove member").click()
    expect(console.row("emil@example.org")).to_have_count(0)
    theirs.watch.expect(404)
    assert ask(theirs.page, "GET", f"/api/v1/projects/{theirs.project_id}/keys") == 404


def test_the_last_owner_can_neither_step_down_nor_go(console: Console) -> None:
    console.watch.expect(409)
    console.go("Members")
    owner = "admin@localhost"
    console.button(f"Role of {owner}: Owner").click()
    console.page.get_by_role("menuitem", name="Viewer").click()
    console.alert("This is the project's last owner. Name another owner first.")
    console.button("Dismiss").click()
    expect(console.row(owner)).to_contain_text("Owner")
    console.act(owner, "Remove")
    console.button("Leave project").click()
    console.alert("This is the project's last owner.")
