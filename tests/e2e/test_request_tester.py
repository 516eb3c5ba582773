"""The request tester: a request in several formats, the answer as it arrived, both wire forms."""

import re

import pytest
from playwright.sync_api import Locator, expect

from e2e.console import Console

pytestmark = pytest.mark.e2e

QUESTION = "e2e-tester asks about the weather."


def answer(console: Console) -> Locator:
    return console.page.get_by_role("region", name="Answer", exact=True)


def opened(console: Console) -> Locator:
    """The body on the page of the tester."""
    console.watch.expect(404)  # the record of a call that has just ended
    console.go("Playground")
    console.page.get_by_role("link", name="Request tester").click()
    console.heading("Request tester").wait_for()
    return console.page.get_by_role("textbox", name="Body", exact=True)


def send(console: Console) -> None:
    console.button("Send").click()
    expect(answer(console)).to_have_attribute("aria-busy", "false", timeout=20_000)


@pytest.mark.parametrize(
    ("surface", "event"),
    [
        ("OpenAI chat completions", "[DONE]"),
        ("OpenAI responses", "response.completed"),
        ("Anthropic messages", "message_stop"),
        ("Gemini generateContent", "finishReason"),
    ],
)
def test_a_streamed_request_shows_its_events_and_both_wire_forms(
    console: Console, surface: str, event: str
) -> None:
    page, body = console.page, opened(console)
    page.get_by_label("Surface").select_option(surface)
    page.get_by_label("Model, route or use case").fill("sim/sim-small")
    body.fill(body.input_value().replace("What is the weather in Oslo?", QUESTION))
    send(console)
    shown = answer(console)
    expect(shown.get_by_label("body", exact=True)).to_contain_text(event)
    expect(shown.get_by_label("headers", exact=True)).to_contain_text("x-penstock-trace-id")
    page.get_by_role("tab", name="Sent to provider").click()
    expect(shown.get_by_label("head", exact=True)).to_contain_text("POST http", timeout=20_000)
    expect(shown.get_by_label("body", exact=True)).to_contain_text(QUESTION)
    page.get_by_role("tab", name="Provider's answer").click()
    expect(shown.get_by_label("as recorded", exact=True)).to_contain_text('"choices"')
    shown.get_by_role("link", name=re.compile("^[0-9a-f]{16}$")).click()
    expect(page.get_by_text(QUESTION).first).to_be_visible()


def test_tools_an_image_and_a_schema_are_parts_of_the_example(console: Console) -> None:
    page, body = console.page, opened(console)
    page.get_by_label("Model, route or use case").fill("sim/sim-small")
    page.get_by_label("Stream").uncheck()
    for name, member in (("Tools", "get_weather"), ("Schema", "json_schema")):
        page.get_by_label(name, exact=True).check()
        expect(body).to_have_value(re.compile(member))
    page.get_by_label("Image", exact=True).check()
    expect(body).to_have_value(re.compile("data:image/png"))
    page.get_by_label("Image", exact=True).uncheck()
    page.get_by_label("Tools", exact=True).uncheck()
    send(console)
    expect(answer(console).get_by_label("body", exact=True)).to_contain_text('"finish_reason"')
    page.get_by_label("Surface").select_option("OpenAI embeddings")
    expect(page.get_by_label("Tools", exact=True)).to_be_hidden()
    page.get_by_label("Surface").select_option("OpenAI chat completions")
    expect(body).to_have_value(re.compile("json_schema"))  # what was typed is kept


def test_what_is_wrong_is_said_where_it_is(console: Console) -> None:
    page, body = console.page, opened(console)
    console.watch.expect(400)
    body.fill("{")
    expect(console.button("Send")).to_be_disabled()
    expect(body).to_have_attribute("aria-invalid", "true")
    body.fill('{"model": "sim/sim-small", "messages": "none"}')
    send(console)
    expect(answer(console).get_by_text("400", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Sent to provider").click()
    expect(answer(console).get_by_text(re.compile("Nothing was sent|POST http"))).to_be_visible(
        timeout=20_000
    )
