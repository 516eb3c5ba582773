"""Providers in the console: added from a known vendor, tested, changed, removed."""

import pytest
from playwright.sync_api import expect

from e2e.accessibility import violations
from e2e.console import Console
from installation import wait_until
from tests.ports import free_port

pytestmark = pytest.mark.e2e


def test_a_test_reports_the_latency_and_the_number_of_models(
    console: Console,
) -> None:
    console.go("Providers")
    expect(console.row("sim").first).to_contain_text("7 models")
    console.button("Test sim").click()
    expect(console.page.get_by_role("status").filter(has_text="Connected in")).to_contain_text(
        "7 models"
    )
    console.button("7 models").click()
    expect(console.page.get_by_role("list", name="Models")).to_contain_text("sim-reasoner")


def test_an_unreachable_provider_is_reported_and_can_be_corrected(console: Console) -> None:
    listed = console.installation.get(f"/api/v1/projects/{console.project_id}/providers")["items"]
    [working] = [provider["base_url"] for provider in listed if provider["name"] == "sim"]
    console.go("Providers")
    console.button("Add provider").click()
    dialog = console.dialog()
    dialog.get_by_role("radio", name="vLLM").click()
    expect(dialog.get_by_label("Base URL")).to_have_value("http://127.0.0.1:8000/v1")
    dialog.get_by_label("Base URL").fill(f"http://127.0.0.1:{free_port()}/v1")
    dialog.get_by_label("API key", exact=True).fill("sk-pasted-in-the-console-4242")
    console.button("Add and test").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    console.button("Done").click()
    expect(console.row("vllm").first).to_contain_text("…4242")
    expect(console.row("vllm").first).to_contain_text("no models")

    console.act("vllm", "Edit")
    console.dialog().get_by_label("Base URL").fill(working)
    console.watch.expect(400)  # the key was given for another address
    console.button("Save").click()
    expect(console.dialog().get_by_text("Send the API key again")).to_be_visible()
    console.dialog().get_by_label("API key", exact=True).fill("sk-another-one-000000001111")
    console.button("Save").click()
    expect(console.dialog()).to_have_count(0)
    console.button("Test vllm").click()
    expect(console.row("vllm").first).to_contain_text("7 models")
    wait_until(lambda: _answers(console, "vllm/sim-small"), 5)

    console.act("vllm", "Remove")
    console.button("Remove provider").click()
    expect(console.row("vllm")).to_have_count(0)


def test_a_name_already_in_use_is_reported_at_its_field(console: Console) -> None:
    console.watch.expect(409)
    console.go("Providers")
    console.button("Add provider").click()
    dialog = console.dialog()
    dialog.get_by_role("radio", name="Other").click()
    dialog.get_by_label("Name", exact=True).fill("sim")
    dialog.get_by_label("Base URL").fill("https://models.example.com/v1")
    console.button("Add and test").click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(dialog).to_contain_text("A provider named 'sim' already exists.")


def test_quirks_are_those_of_the_kind_and_are_set_and_removed(console: Console) -> None:
    def quirks() -> dict[str, str]:
        path = f"/api/v1/projects/{console.project_id}/providers"
        [sim] = [one for one in console.installation.get(path)["items"] if one["name"] == "sim"]
        return sim["quirks"]

    console.go("Providers")
    before = quirks()
    for media, dropped, expected in (
        ("fetch", "user,seed", {"media_urls": "fetch", "drop_fields": "user,seed"}),
        ("", "", {}),
    ):
        console.act("sim", "Edit")
        dialog = console.dialog()
        dialog.get_by_text("Quirks", exact=True).click()
        assert violations(console.page) == []
        expect(dialog.get_by_label("Region")).to_have_count(0)  # of Bedrock
        dialog.get_by_label("Media by URL").select_option(media)
        dialog.get_by_label("Dropped fields").fill(dropped)
        console.button("Save").click()
        expect(console.dialog()).to_have_count(0)
        assert quirks() == before | expected


def _answers(console: Console, model: str) -> bool:
    try:
        return bool(console.installation.chat(model=model, max_tokens=1)["choices"])
    except OSError:
        return False
