"""The request tester: a request in several formats, the answer as it arrived, both wire forms."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from e2e.console import Console
from installation import wait_until

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


def test_pictures_are_shown_audio_plays_and_a_file_is_transcribed(
    console: Console, tmp_path: Path
) -> None:
    page, body = console.page, opened(console)
    console.watch.expect(422)  # files are not recorded, so that their form is not built again
    shown, model = answer(console), page.get_by_label("Model, route or use case")
    page.get_by_label("Surface").select_option("OpenAI images")
    model.fill("sim/sim-image")
    send(console)
    image = shown.get_by_role("img", name="Image 1 of the answer")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth") > 0
    expect(shown.get_by_label("body", exact=True)).to_contain_text("(image/png, ")
    expect(shown.get_by_label("body", exact=True)).not_to_contain_text("iVBOR")

    page.get_by_label("Surface").select_option("OpenAI speech")
    model.fill("sim/sim-speech")
    body.fill(body.input_value().replace('"alloy"', '"alloy", "response_format": "wav"'))
    send(console)
    audio = shown.get_by_label("Audio of the answer")
    expect(audio).to_be_visible()
    wait_until(lambda: audio.evaluate("audio => audio.duration > 1"), 10)
    expect(shown.get_by_text(re.compile("^audio/wav, [0-9.]+ [kM]B$"))).to_be_visible()
    expect(shown.get_by_label("body", exact=True)).to_be_hidden()

    page.get_by_label("Surface").select_option("OpenAI transcriptions")
    model.fill("sim/sim-transcribe")
    expect(console.button("Send")).to_be_disabled()
    large, small = tmp_path / "large.wav", tmp_path / "small.wav"
    large.write_bytes(bytes(5_000_001))
    small.write_bytes(b"RIFF" + bytes(2_000_000))  # more than the server takes elsewhere
    page.get_by_label("Audio file").set_input_files(large)
    expect(page.get_by_text("choose one up to 5.0 MB")).to_be_visible()
    expect(console.button("Send")).to_be_disabled()
    page.get_by_label("Audio file").set_input_files(small)
    send(console)
    expect(shown.get_by_label("body", exact=True)).to_contain_text("transcript.text.done")
    page.get_by_role("tab", name="Sent to provider").click()
    expect(shown.get_by_text("its files are not recorded")).to_be_visible(timeout=20_000)
    shown.get_by_role("link", name=re.compile("^[0-9a-f]{16}$")).click()
    expect(page.get_by_text("sim-transcribe").first).to_be_visible()
