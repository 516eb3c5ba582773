"""The overview: the range that it selects, and amounts within their column."""

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.console import Console
from installation import Installation

pytestmark = pytest.mark.e2e


def test_the_range_fits_the_data_until_the_user_selects_one(console: Console) -> None:
    picker = console.button("Time range")
    expect(picker).to_contain_text(re.compile("Last 15 minutes|Last hour"))
    picker.click()
    console.page.get_by_role("menuitem", name="Last 24 hours").click()
    expect(console.page).to_have_url(re.compile("range=24h"))
    console.page.reload()
    expect(picker).to_contain_text("Last 24 hours")


def test_small_amounts_stay_within_cost_by_model(console: Console) -> None:
    costs = console.page.get_by_role("figure").filter(has_text="Cost by model")
    expect(costs.get_by_role("link").first).to_be_visible()
    widths = "figure => [figure.scrollWidth, figure.clientWidth]"
    content, available = costs.evaluate(widths)
    assert content <= available


def test_an_installation_without_calls_offers_the_first_one(
    new_penstock: Installation, window: Open
) -> None:
    console = window(new_penstock)
    console.sign_in()
    console.page.get_by_role("link", name="Send your first call").click()
    expect(console.page.get_by_role("heading", name="Send your first call")).to_be_visible()
