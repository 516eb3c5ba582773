"""Themes, page widths, the content security policy, and pages that do not exist."""

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Open
from e2e.console import Console
from installation import Installation

pytestmark = pytest.mark.e2e

PAGES = ("Overview", "Traces", "Keys", "Providers", "Prompts", "Routes", "Members", "Audit")


def background(page: Page) -> int:
    """The brightness of the page, from 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return int(colour.removeprefix("rgb(").split(",")[0])


def test_the_theme_follows_the_system_until_one_is_selected(
    penstock: Installation, window: Open
) -> None:
    console = window(penstock, dark=True)
    console.sign_in()
    assert background(console.page) < 50
    console.button("Theme: system").click()
    console.page.get_by_role("menuitem", name="Light").click()
    assert background(console.page) > 200
    console.page.reload()
    console.heading("Overview").wait_for()
    assert background(console.page) > 200  # the selection is stored
    console.button("Theme: light").click()
    console.page.get_by_role("menuitem", name="System").click()
    assert background(console.page) < 50


@pytest.mark.parametrize("width", [1440, 420])
def test_no_page_is_wider_than_its_window(console: Console, width: int) -> None:
    console.page.set_viewport_size({"width": width, "height": 900})
    for name in PAGES:
        console.go(name)
        console.page.wait_for_load_state("networkidle")
        assert console.page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_the_policy_blocks_scripts_that_are_not_files_of_the_console(
    console: Console,
) -> None:
    answer = console.page.request.get(console.installation.server)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy  # so that the default holds: no inline script, no eval
    page = console.page.context.new_page()  # not watched: it reports an error, as expected
    page.goto(f"{console.installation.server}/favicon.svg")
    page.goto(console.installation.server)
    injected = """() => {
      const script = document.createElement("script");
      script.textContent = "window.injected = true";
      document.head.append(script);
      return window.injected === true;
    }"""
    assert page.evaluate(injected) is False


def test_missing_pages_and_traces_are_reported(console: Console) -> None:
    console.watch.expect(404)
    project = console.page.url.rsplit("/", 1)[0].removeprefix(console.installation.server)
    console.open("/no/such/page")
    expect(console.page.get_by_text("Page not found")).to_be_visible()
    console.open(f"{project}/traces/{'0' * 32}")
    console.alert("Not found")
