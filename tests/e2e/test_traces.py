"""Traces in the console: numbers, filters, search, live mode, keyboard."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Locator, expect

from e2e.conftest import Open
from e2e.console import Console

pytestmark = pytest.mark.e2e

# Expected values, as in tests/entrypoints/test_first_calls.py: the simulator counts 3 tokens, plus
# 4 for the message, plus 1 for each 4 characters begun: 3 + 4 + 4 = 11 for 15 characters. The
# metadata sets 12 output tokens and 4 cached input tokens. sim-small costs, in USD per million
# tokens: input 0.15, cached input 0.075, output 0.60. So
#   (11 - 4) * 0.15 + 4 * 0.075 + 12 * 0.60 = 1.05 + 0.30 + 7.20 = 8.55 millionths.
TEXT = "Count to a cent"
METADATA = {"x-sim-tokens": "12", "x-sim-cached-tokens": "4"}


def metric(console: Console, name: str) -> Locator:
    """A number of the open trace, by its name."""
    return console.page.locator("dl > div").filter(has_text=name).locator("dd").first


def calls(console: Console) -> Locator:
    """The rows of the list."""
    return console.page.get_by_role("table", name="Calls").locator("[data-trace]")


def test_tokens_and_cost_of_a_call_have_the_expected_values(console: Console) -> None:
    console.installation.chat(TEXT, metadata=METADATA)
    console.go("Traces")
    console.button("Live").click()
    console.row(TEXT).first.click()
    console.page.get_by_role("link", name="Open full page").click()
    expect(console.page).to_have_url(re.compile(r"/traces/[0-9a-f]{32}"))
    expect(metric(console, "Tokens in / out")).to_have_text("11 / 12")
    expect(metric(console, "Cost").locator("[title]")).to_have_attribute("title", "$0.00000855")
    expect(console.page.get_by_label("Waterfall").get_by_role("button")).to_have_count(2)

    console.page.get_by_role("tab", name="Usage and cost").click()
    table = console.page.get_by_role("table", name="Cost breakdown")
    for name, count, amount in (
        ("input tokens", "7", "$0.00000105"),
        ("cache read tokens", "4", "$0.0000003"),
        ("output tokens", "12", "$0.0000072"),
        ("Total", "", "$0.00000855"),
    ):
        line = table.get_by_role("row").filter(has_text=name)
        expect(line.get_by_role("cell").nth(1)).to_have_text(count)
        expect(line.get_by_role("cell").last).to_have_text(amount)

    console.page.get_by_role("tab", name="Conversation").click()
    expect(console.page.get_by_role("article").first).to_contain_text(TEXT)
    console.page.get_by_role("tab", name="Raw").click()
    expect(console.page.get_by_text('"x-sim-tokens"')).to_be_visible()
    console.page.get_by_role("tab", name="Attributes").click()
    expect(console.page.get_by_text("gen_ai.usage.input_tokens")).to_be_visible()


def test_filters_are_in_the_url_and_can_be_shared(console: Console, window: Open) -> None:
    console.go("Traces")
    expect(calls(console).first).to_be_visible()
    console.button("Filter").click()
    console.page.get_by_role("menuitem", name="Team").click()
    console.page.get_by_role("menuitem", name="support", exact=True).click()
    console.page.keyboard.press("Escape")
    console.page.keyboard.press("Escape")
    expect(console.page).to_have_url(re.compile("team="))
    expect(console.button("Remove filter Team")).to_be_visible()
    summary = console.page.get_by_label("Summary")
    count = summary.locator("dl > div").filter(has_text="Calls").locator("dd")
    shown = console.installation.get("/api/v1/overview?team=support")["totals"]["requests"]
    expect(count).to_have_text(str(shown))

    other = window(console.installation)
    other.open(console.page.url.removeprefix(console.installation.server))
    other.fill_sign_in()
    expect(other.button("Remove filter Team")).to_be_visible()
    expect(other.page.get_by_label("Summary").locator("dl")).to_contain_text(str(shown))
    other.button("Remove filter Team").click()
    expect(other.page).not_to_have_url(re.compile("team="))


def test_the_search_finds_text_in_input_and_output(console: Console) -> None:
    console.installation.chat("Which platypus guards the penstock?")
    console.go("Traces")
    console.button("Live").click()
    expect(console.row("platypus").first).to_be_visible()
    console.page.keyboard.press("/")
    console.page.keyboard.type("platypus")
    expect(console.page).to_have_url(re.compile("q=platypus"))
    expect(calls(console)).to_have_count(1)
    console.page.get_by_label("Search input and output").fill("no call has this text")
    expect(console.page.get_by_text("No matching calls")).to_be_visible()
    console.button("Clear filters").click()
    expect(calls(console).first).to_be_visible()


def test_live_mode_shows_calls_as_they_arrive(console: Console) -> None:
    console.go("Traces")
    console.page.keyboard.press("l")
    expect(console.button("Live")).to_have_attribute("aria-pressed", "true")
    console.installation.chat("A kingfisher arrives")
    expect(console.row("A kingfisher arrives").first).to_be_visible(timeout=5_000)


def test_all_pages_and_traces_are_reachable_by_keyboard(console: Console) -> None:
    press = console.page.keyboard.press
    console.page.keyboard.type("gt")
    expect(console.heading("Traces")).to_be_visible()
    expect(calls(console).first).to_be_visible()
    press("j")
    panel = console.page.get_by_role("complementary", name="Trace")
    expect(panel).to_be_visible()
    first = calls(console).first.get_attribute("data-trace")
    expect(console.page).to_have_url(re.compile(f"trace={first}"))
    press("j")
    expect(console.page).not_to_have_url(re.compile(f"trace={first}"))
    press("k")
    expect(console.page).to_have_url(re.compile(f"trace={first}"))
    press("Enter")
    expect(console.page).to_have_url(re.compile(f"/traces/{first}"))
    press("Escape")
    expect(calls(console).first).to_be_visible()
    press("?")
    expect(console.dialog()).to_contain_text("Keyboard shortcuts")
    press("Escape")
    for keys, page in (
        *(("gk", "Keys"), ("gp", "Providers"), ("gr", "Routes")),
        *(("gm", "Members"), ("ga", "Audit")),
    ):
        console.page.keyboard.type(keys)
        expect(console.heading(page)).to_be_visible()
    console.page.keyboard.type("go")
    expect(console.heading("Overview")).to_be_visible()


PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)


def test_a_translated_call_shows_its_image_its_formats_and_its_changes(console: Console) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    content = [{"type": "text", "text": "One red pixel"}, {"type": "image", "source": source}]
    body = {
        "model": "sim-small",
        "max_tokens": 50,
        "top_k": 5,
        "messages": [{"role": "user", "content": content}],
    }
    request = urllib.request.Request(
        f"{console.installation.gateway}/v1/messages",
        json.dumps(body).encode(),
        {"x-api-key": console.installation.gateway_key, "content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        trace = answer.headers["x-penstock-trace-id"]
    console.go("Traces")
    console.button("Live").click()
    console.row("One red pixel").first.wait_for()
    console.open(f"/projects/{console.project_id}/traces/{trace}")
    message = console.page.get_by_role("article").first
    expect(message).to_contain_text("One red pixel")
    image = message.get_by_role("img", name="Inline image")
    expect(image).to_have_js_property("naturalWidth", 1)
    expect(console.page.get_by_label("Notes")).to_have_text("Translation: dropped top_k.")
    expect(metric(console, "Format")).to_have_text("anthropic → openai")
