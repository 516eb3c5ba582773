"""Starts the installed Chromium, without its background requests."""

from typing import Final

from playwright.sync_api import Browser, Playwright

CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright) -> Browser:
    """Starts Chromium, headless, with a new profile."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
