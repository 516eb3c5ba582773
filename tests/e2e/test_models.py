"""The models of a project: facts with their sources, prices, filters, retirement."""

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from e2e.console import Console
from installation import Installation

pytestmark = pytest.mark.e2e


MODELS = {
    "vendor": ("https://api.openai.com/v1", ["gpt-4.1-nano", "gpt-6.1-sol"]),
    "many": (
        "https://models.example.org/v1",
        ["gpt-6.1-sol", *(f"made-up-{n:03d}" for n in range(300))],
    ),
}


@pytest.fixture
def listing(console: Console) -> Iterator[Console]:
    """A window of a project with 302 models more. The providers are added by the API, because a
    test of these addresses is not wanted."""
    for name, (url, models) in MODELS.items():
        body = {"name": name, "base_url": url, "models": models, "api_key": "sk-0123456789abcdef"}
        send(console, "POST", "", body)
    yield console
    for name in MODELS:
        send(console, "DELETE", f"/{name}")


def send(console: Console, method: str, path: str, body: object = None) -> None:
    bootstrap = json.loads((console.installation.home / "bootstrap.json").read_text())
    request = urllib.request.Request(
        f"{console.installation.server}/api/v1/projects/{console.project_id}/providers{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "authorization": f"Bearer {bootstrap['api_key']}",
            "content-type": "application/json",
        },
        method=method,
    )
    urllib.request.urlopen(request).read()


def test_models_are_filtered_and_show_their_facts(listing: Console) -> None:
    console = listing
    path = f"/api/v1/projects/{console.project_id}/models?limit=500"
    count = len(console.installation.get(path)["items"])  # other tests may have added providers
    assert count >= 302
    console.go("Models")
    rows = console.page.get_by_role("table", name="Models").get_by_role("row")
    expect(console.page.get_by_text(f"{count} models")).to_be_visible()
    expect(rows).to_have_count(101)  # and the head
    console.page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(201)

    console.button("Reads images").click()
    expect(console.page).to_have_url(re.compile("can=image"))
    expect(rows).to_have_count(3)
    expect(console.row("gpt-6.1-sol")).to_contain_text("many, vendor")
    expect(console.row("gpt-6.1-sol")).to_contain_text("1.05M")
    expect(console.row("gpt-4.1-nano")).to_contain_text(re.compile(r"retired \d+ days ago"))

    console.button("Retiring").click()
    expect(rows).to_have_count(2)
    console.button("gpt-4.1-nano").click()
    details = console.page.get_by_role("table", name="Models")
    expect(details).to_contain_text("1,047,576 tokens")
    expect(details).to_contain_text("The vendor retired this model on 2026-10-23")
    expect(details.get_by_role("link", name="https://models.dev/api.json")).to_be_visible()
    expect(details).to_contain_text("vendor/gpt-4.1-nano")

    console.page.get_by_label("Search models").fill("no such model")
    expect(console.page.get_by_text("No model matches the filters")).to_be_visible()


def test_the_page_is_found_by_its_shortcut(console: Console) -> None:
    console.page.keyboard.press("g")
    console.page.keyboard.press("l")
    console.heading("Models").wait_for()
    expect(console.row("sim-small")).to_contain_text("$0.15")


def test_a_shortlist_of_a_use_case_opens_in_the_playground(
    console: Console, penstock: Installation
) -> None:
    base = f"/api/v1/projects/{console.project_id}"
    criterion = {"name": "helpful", "at_least": 0.8}
    penstock.post(f"{base}/use-cases", {"name": "e2e-shortlist", "criteria": [criterion]})
    page = console.page
    console.open(f"/projects/{console.project_id}/use-cases/e2e-shortlist")
    page.get_by_role("link", name="Find models").click()
    console.heading("Shortlist").wait_for()
    expect(page.get_by_label("Scores")).to_have_value("helpful=0.8")
    ranked = page.get_by_role("table", name="Models that fit")
    expect(ranked).to_contain_text("score helpful: not known")
    page.get_by_label("Scores").fill("")
    page.get_by_label("Tokens of a call").fill("1000/300")
    page.get_by_label("Cost of a call").fill("0.001")
    console.button("Find models").click()
    expect(ranked).to_contain_text("price of 1,000 tokens in, 300 out")
    expect(page).to_have_url(re.compile("max_cost"))
    page.get_by_text("excluded, with the reasons").click()
    excluded = page.get_by_role("table", name="Excluded models")
    expect(excluded).to_contain_text("at most $0.001 wanted")
    page.get_by_role("link", name=re.compile("^Try")).click()
    console.heading("Playground").wait_for()
    expect(page.get_by_label("Model of column 2")).to_have_value(re.compile("^sim/"))
