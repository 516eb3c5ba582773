"""Prompts in the console: added, edited, in conflict, compared, labelled; read-only for viewers."""

import re

import pytest
from playwright.sync_api import Locator, expect

from e2e.conftest import Open
from e2e.console import Console
from e2e.test_roles import add_member
from installation import Installation

pytestmark = pytest.mark.e2e


def template(console: Console, label: str) -> Locator:
    return console.page.get_by_role("textbox", name=label, exact=True)


def write(console: Console, label: str, text: str) -> None:
    """Replaces the text of an editor."""
    editor = template(console, label)
    editor.click()
    console.page.keyboard.press("Control+a")
    console.page.keyboard.insert_text(text)


def save(console: Console, name: str) -> None:
    console.page.get_by_role("button", name=re.compile(name)).click()


def add(console: Console, name: str, text: str) -> None:
    console.go("Prompts")
    console.page.get_by_role("link", name="Add prompt").first.click()
    console.page.get_by_label("Name", exact=True).fill(name)
    console.page.get_by_role("radio", name="Text").click()
    write(console, "Text", text)
    console.button("Remove question").click()


def elsewhere(installation: Installation, name: str, text: str) -> None:
    """Somebody else saves a version."""
    found = installation.json("prompts", "show", name)
    path = f"/api/v1/projects/{installation.get('/api/v1/session')['project_id']}/prompts"
    body = {
        "content": found["version"]["content"] | {"text": text},
        "parent": found["version"]["digest"],
        "message": "theirs",
    }
    installation.post(f"{path}/{found['prompt']['id']}/versions", body)


def test_a_prompt_is_added_edited_compared_and_taken_back(console: Console) -> None:
    console.watch.expect(400)
    add(console, "e2e/hello", "Hello {{ name }}, welcome.")
    save(console, "Add prompt")
    expect(console.page.get_by_text("`name` is not declared")).to_be_visible()
    console.button("name").click()
    save(console, "Add prompt")
    console.heading("e2e/hello").wait_for()
    expect(template(console, "Text")).to_have_text("Hello {{ name }}, welcome.")

    console.page.get_by_role("link", name="Edit", exact=True).click()
    write(console, "Text", "Hi {{ name }}, welcome.")
    console.button("Render").click()
    expect(console.page.get_by_label("Rendered messages")).to_contain_text("Hi …, welcome.")
    console.page.get_by_label("What you changed").fill("Shorter")
    save(console, "Save as version 2")
    expect(console.page.get_by_text("version 2 of 2")).to_be_visible()
    console.page.get_by_role("tab", name="Changes").click()
    expect(console.page.locator("del")).to_have_text("Hello")
    expect(console.page.locator("ins")).to_have_text("Hi")

    for version in (1, 2):
        console.page.get_by_label("Versions").get_by_role("button", name=f"v{version}").click()
        console.button("Move a label here").click()
        save(console, "Move label")
        expect(console.dialog()).to_be_hidden()
    console.page.get_by_role("tab", name="Labels").click()
    console.button("Undo").click()
    console.page.get_by_label("Reason").fill("Too short")
    save(console, "Move label")
    expect(console.page.get_by_label("Moves").get_by_role("listitem").first).to_contain_text(
        "Too short"
    )
    [found] = console.installation.json("prompts", "list", "e2e/hello")
    assert found["labels"] == {"production": 1}


def test_an_edit_that_is_too_late_is_a_conflict_and_loses_nothing(console: Console) -> None:
    console.watch.expect(409)
    add(console, "e2e/race", "One")
    save(console, "Add prompt")
    console.heading("e2e/race").wait_for()
    console.page.get_by_role("link", name="Edit", exact=True).click()
    write(console, "Text", "Mine")
    elsewhere(console.installation, "e2e/race", "Theirs")
    save(console, "Save as version 2")
    console.alert("based on version 1")
    console.alert("the latest is version 2")
    expect(template(console, "Text")).to_have_text("Mine")
    found = console.installation.json("prompts", "show", "e2e/race", "--version", "latest")
    assert found["version"]["content"]["text"] == "Theirs"


def test_prompts_are_searched_and_folders_opened(console: Console) -> None:
    add(console, "e2e/deep/searched", "The quick brown fox")
    save(console, "Add prompt")
    console.heading("e2e/deep/searched").wait_for()
    console.go("Prompts")
    console.page.get_by_label("Search names and texts").fill("brown quick")
    expect(console.page.get_by_role("row")).to_have_count(2)
    console.page.get_by_role("button", name="e2e/deep/").click()
    expect(console.page.get_by_label("Folder")).to_contain_text("deep")
    console.button("All prompts").click()
    console.page.get_by_label("Search names and texts").fill("no such words")
    expect(console.page.get_by_text("No prompts found")).to_be_visible()


def test_a_viewer_reads_prompts_and_changes_none(
    console: Console, penstock: Installation, window: Open
) -> None:
    add(console, "e2e/read", "Read me")
    save(console, "Add prompt")
    console.heading("e2e/read").wait_for()
    path = console.page.url.removeprefix(penstock.server)
    _, viewer = add_member(console, window, "prompt-reader@example.org", "Viewer")
    viewer.open(path)
    viewer.heading("e2e/read").wait_for()
    expect(template(viewer, "Text")).to_have_text("Read me")
    expect(viewer.button("Move a label here")).to_have_count(0)
    viewer.open(f"{path}/edit")
    expect(viewer.page.get_by_text("prompts:write")).to_be_visible()
