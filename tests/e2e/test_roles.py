"""Members, invitations, and what each role can see and do in the console."""

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.conftest import Open
from e2e.console import Account, Console

pytestmark = pytest.mark.e2e

PASSWORD = "a long enough password"


def invite(console: Console, email: str, role: str) -> str:
    """Creates a link in the dialog and returns its path with the token."""
    console.go("Members")
    console.button("Invite").click()
    dialog = console.dialog()
    dialog.get_by_label("Email").fill(email)
    dialog.get_by_label("Role").select_option(label=role)
    dialog.get_by_role("button", name="Create link").click()
    link = dialog.get_by_label("invitation link", exact=True).inner_text().strip()
    console.button("I have copied it").click()
    expect(console.row(email)).to_contain_text("pending")
    return link.removeprefix(console.installation.server)


def add_member(console: Console, window: Open, email: str, role: str) -> tuple[Account, Console]:
    """Invites a user, who opens the link and creates an account."""
    link = invite(console, email, role)
    theirs = window(console.installation)
    theirs.watch.expect(401)  # not signed in yet
    theirs.open(link)
    expect(theirs.heading("Join default")).to_be_visible()
    theirs.page.get_by_label("Password").fill(PASSWORD)
    theirs.button("Create account and join").click()
    theirs.heading("Overview").wait_for()
    return Account(email, PASSWORD), theirs


def member(console: Console, email: str) -> Locator:
    """A user's row in the table of members."""
    table = console.page.get_by_role("table", name="Members")
    return table.get_by_role("row").filter(has_text=email)


def link(console: Console, name: str) -> Locator:
    """A link of the navigation."""
    navigation = console.page.get_by_role("navigation", name="Main")
    return navigation.get_by_role("link", name=name, exact=True)


def status_of(page: Page, method: str, path: str) -> int:
    """The status of an API request with this window's session, bypassing the console."""
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


def test_a_viewer_sees_calls_and_cannot_change_anything(console: Console, window: Open) -> None:
    _, theirs = add_member(console, window, "vera@example.org", "Viewer")
    theirs.watch.expect(403)
    project = f"/api/v1/projects/{theirs.project_id}"

    for name in ("Keys", "Playground", "Webhooks", "Audit"):
        expect(link(theirs, name)).to_have_count(0)
    theirs.open(f"/projects/{theirs.project_id}/keys")
    theirs.alert("This page needs the permission keys:read. The roles with it: Editor, Admin and")
    theirs.alert("Your role is Viewer. A member with the role Admin or Owner can give you another")
    expect(theirs.button("Create key")).to_have_count(0)
    assert status_of(theirs.page, "GET", f"{project}/keys") == 403
    assert status_of(theirs.page, "POST", f"{project}/keys") == 403
    theirs.open(f"/projects/{theirs.project_id}/prompts/_new")
    theirs.alert("This page needs the permission prompts:write.")
    assert status_of(theirs.page, "GET", f"{project}/audit") == 403

    theirs.go("Providers")
    expect(theirs.row("sim").first).to_be_visible()
    expect(theirs.button("Add provider")).to_have_count(0)
    expect(theirs.button("Test sim")).to_have_count(0)
    assert status_of(theirs.page, "POST", f"{project}/providers/sim/test") == 403

    theirs.go("Members")
    expect(theirs.row("vera@example.org")).to_contain_text("you")
    expect(theirs.button("Invite")).to_have_count(0)
    expect(theirs.button("Actions for vera@example.org")).to_have_count(0)


def test_an_annotator_sees_the_pages_of_annotation_alone(console: Console, window: Open) -> None:
    link_of_ann = invite(console, "ann@example.org", "Annotator")
    theirs = window(console.installation)
    theirs.watch.expect(401)  # not signed in yet
    theirs.open(link_of_ann)
    theirs.page.get_by_label("Password").fill(PASSWORD)
    theirs.button("Create account and join").click()
    theirs.heading("Annotation").wait_for()  # the first page that the role may see
    navigation = theirs.page.get_by_role("navigation", name="Main")
    expect(navigation.get_by_role("listitem")).to_have_text(["Annotation"])
    theirs.page.keyboard.press("Control+k")
    expect(theirs.page.get_by_role("option")).to_have_count(2)  # Annotation, Notifications
    theirs.page.keyboard.press("Escape")
    theirs.page.keyboard.press("g")
    theirs.page.keyboard.press("t")
    expect(theirs.heading("Annotation")).to_be_visible()
    theirs.open(f"/projects/{theirs.project_id}/datasets/any")
    theirs.alert("This page needs the permission datasets:read.")
    assert theirs.watch.problems == []  # nothing was asked that the role may not read


def test_a_role_is_changed_and_a_member_removed(console: Console, window: Open) -> None:
    _, theirs = add_member(console, window, "emil@example.org", "Viewer")
    console.page.reload()
    console.button("Role of emil@example.org: Viewer").click()
    console.page.get_by_role("menuitem", name="Editor").click()
    expect(member(console, "emil@example.org")).to_contain_text("Editor")
    theirs.page.reload()
    theirs.go("Keys")
    expect(theirs.row("bootstrap")).to_be_visible()
    expect(theirs.button("Create key")).to_have_count(0)

    console.act("emil@example.org", "Remove")
    console.button("Remove member").click()
    expect(member(console, "emil@example.org")).to_have_count(0)
    theirs.watch.expect(404)
    assert status_of(theirs.page, "GET", f"/api/v1/projects/{theirs.project_id}/keys") == 404


def test_the_last_owner_can_neither_change_role_nor_leave(console: Console) -> None:
    console.watch.expect(409)
    console.go("Members")
    owner = "admin@localhost"
    console.button(f"Role of {owner}: Owner").click()
    console.page.get_by_role("menuitem", name="Viewer").click()
    console.alert("This is the project's last owner. Add another owner first.")
    console.button("Dismiss").click()
    expect(member(console, owner)).to_contain_text("Owner")
    console.act(owner, "Remove")
    console.button("Leave project").click()
    console.alert("This is the project's last owner.")


def test_a_link_works_once_and_a_signed_in_user_joins_with_one_click(
    console: Console, window: Open
) -> None:
    nina, theirs = add_member(console, window, "nina@example.org", "Viewer")
    console.page.reload()
    console.act("nina@example.org", "Remove")
    console.button("Remove member").click()
    link = invite(console, "somebody.else@example.org", "Editor")
    theirs.open(link)
    theirs.page.reload()  # only the fragment differs from an earlier address
    theirs.button("Join as nina@example.org").click()
    theirs.heading("Overview").wait_for()
    console.page.reload()
    expect(console.row("by nina@example.org")).to_contain_text("accepted")

    late = window(console.installation)
    late.watch.expect(401, 409)
    late.open(link)
    expect(late.heading("This invitation has been used")).to_be_visible()
    late.alert("Ask for a new one.")
    assert nina.email not in late.page.content()


def test_a_revoked_and_an_incomplete_link_are_reported(console: Console, window: Open) -> None:
    link = invite(console, "rita@example.org", "Viewer")
    console.act("the invitation of rita@example.org", "Revoke")
    console.button("Revoke invitation").click()
    expect(console.row("rita@example.org")).to_contain_text("revoked")
    theirs = window(console.installation)
    theirs.watch.expect(401, 404, 409)
    theirs.open(link)
    expect(theirs.heading("This invitation was revoked")).to_be_visible()
    theirs.open("/invitation")
    expect(theirs.heading("This link is incomplete")).to_be_visible()


def test_a_user_with_an_account_can_sign_in_on_the_invitation_page(
    console: Console, window: Open
) -> None:
    link = invite(console, "admin@localhost.example", "Viewer")
    theirs = window(console.installation)
    theirs.watch.expect(401, 409)
    theirs.open(link)
    theirs.page.get_by_label("Email").fill("admin@localhost")
    theirs.page.get_by_label("Password").fill(PASSWORD)
    theirs.button("Create account and join").click()
    expect(theirs.page.get_by_text("This address is already in use")).to_be_visible()
    theirs.button("I already have an account").click()
    theirs.fill_sign_in()
    theirs.button("Join as admin@localhost").click()
    theirs.alert("You are already a member of this project.")
