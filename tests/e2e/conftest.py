"""Fixtures: a real installation with traffic, and a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, sync_playwright

from e2e.browser import CHROMIUM, launch
from e2e.console import Console
from installation import Installation
from penstock.entrypoints.server.console import BUILT

DEMO_CALLS = 120


class Open(Protocol):
    """Opens a window of an installation's console; `dark`: the system prefers dark colours."""

    def __call__(self, installation: Installation, *, dark: bool = False) -> Console: ...


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no {CHROMIUM}")  # needs: chromium
    if not (BUILT / "index.html").exists():
        pytest.skip("the console is not built")  # needs: npm
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def penstock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with simulated traffic."""
    installation = Installation(tmp_path_factory.mktemp("used") / "home")
    installation.start("--workers", "1")
    try:
        installation.wait_for(installation.answers)
        installation.run("demo", "--calls", str(DEMO_CALLS), "--at-once", "40")
        yield installation
    finally:
        installation.kill()


@pytest.fixture
def new_penstock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A new installation without any calls."""
    installation = Installation(tmp_path_factory.mktemp("new") / "home")
    installation.start("--workers", "1")
    yield installation
    installation.kill()


@pytest.fixture
def window(browser: Browser) -> Iterator[Open]:
    """Opens windows, each with its own session; fails at the end if a page reported a problem."""
    opened: list[Console] = []

    def open_window(installation: Installation, *, dark: bool = False) -> Console:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(10_000)
        console = Console(context.new_page(), installation)
        opened.append(console)
        return console

    yield open_window
    for console in opened:
        console.page.context.close()
    assert [problem for console in opened for problem in console.watch.problems] == []


@pytest.fixture
def console(penstock: Installation, window: Open) -> Console:
    """A window with the first admin signed in."""
    console = window(penstock)
    console.sign_in()
    return console
