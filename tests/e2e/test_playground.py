"""The playground: a prompt at two models, cost and time, saving as a version, a recorded call."""

import re

import pytest
from playwright.sync_api import expect

from e2e.console import Console

pytestmark = pytest.mark.e2e


def test_two_models_answer_and_the_prompt_is_saved(console: Console) -> None:
    page = console.page
    console.watch.expect(404)  # the record of a call that has just ended
    console.go("Playground")
    first = page.get_by_role("region", name="Column 1")
    first.get_by_label("Model of column 1").fill("sim/sim-small")
    first.get_by_label("Message 1", exact=True).fill("What is a {{ thing }}?")
    page.get_by_label("Variables").fill('{"thing": "penstock"}')
    console.button("Add column").click()
    second = page.get_by_role("region", name="Column 2")
    second.get_by_label("Model of column 2").fill("sim/sim-large")
    console.button("Run").click()
    for column in (first, second):
        expect(column.get_by_text(re.compile(r"\d+ in, \d+ out"))).to_be_visible(timeout=20_000)
        expect(column.get_by_text("First token")).to_be_visible()
        expect(column.get_by_text("Cost")).to_be_visible()
    first.get_by_role("button", name="Save as prompt…").click()
    console.dialog().get_by_label("Name").fill("tried")
    console.dialog().get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Playground · tried")).to_be_visible()
    first.get_by_label("Message 1", exact=True).fill("Explain a {{ thing }}.")
    first.get_by_role("button", name="Save as version of tried").click()
    expect(page.get_by_text("Version saved").last).to_be_visible()
    found = console.installation.json("prompts", "show", "tried")
    assert found["version"]["number"] == 2
    second.get_by_role("link", name="Trace").click()
    expect(page.get_by_text("What is a penstock?").first).to_be_visible()
    page.get_by_role("link", name="Open in playground").click()
    message = page.get_by_label("Message 1", exact=True)
    expect(message).to_have_value("What is a penstock?")
    (event, *_) = console.installation.json("audit", "list")
    assert event["action"].startswith(("call.", "prompt."))


def test_errors_are_shown_in_their_column(console: Console) -> None:
    page = console.page
    console.watch.expect(404)
    console.go("Playground")
    column = page.get_by_role("region", name="Column 1")
    column.get_by_label("Model of column 1").fill("no-such-model")
    console.button("Run").click()
    expect(column.get_by_role("alert")).to_contain_text("no model")
    column.get_by_text("Parameters, tools, response schema").click()
    column.get_by_label("Parameters", exact=True).fill("{")
    console.button("Run").click()
    expect(column.get_by_role("alert")).to_contain_text("Parameters: ")
    page.get_by_label("Variables").fill("")
    column.get_by_label("Parameters", exact=True).fill("")
    column.get_by_label("Model of column 1").fill("sim/sim-small")
    column.get_by_label("Message 1", exact=True).fill("{{ stays }}")
    console.button("Run").click()
    expect(column.get_by_text("Finish")).to_be_visible(timeout=20_000)
