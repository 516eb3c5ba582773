"""Online evaluations are added, changed, paused and ended in the console."""

import pytest
from playwright.sync_api import expect

from e2e.console import Console

pytestmark = pytest.mark.e2e


def test_an_online_evaluation_is_added_changed_paused_and_ended(console: Console) -> None:
    console.watch.expect(400)
    page = console.page
    console.go("Evaluations")
    page.get_by_role("radio", name="Live traffic").click()
    page.get_by_role("link", name="Evaluate live traffic").click()
    page.get_by_label("Name", exact=True).fill("e2e-live")
    forecast = page.get_by_label("Forecast")
    expect(forecast).to_contain_text("answered ones in the last 7 days")
    console.button("Add condition").click()
    page.get_by_label("Dimension").select_option(label="Use case")
    page.get_by_label("Value").fill("no-such-use-case")
    expect(forecast).to_contain_text("nothing: no call matches yet")
    console.button("Remove condition").click()
    page.get_by_label("Share of the traces (%)").fill("50")
    page.get_by_label("Calls a day at most").fill("1")
    expect(forecast).to_contain_text("the cap cuts off")
    page.get_by_label("Add an evaluator").fill("equals")
    page.get_by_role("option").filter(has_text="equals –").click()
    console.button("Start").click()
    expect(page.get_by_text("needs an expected answer")).to_be_visible()  # nothing is lost
    console.button("Remove equals").click()
    page.get_by_label("Add an evaluator").fill("length")
    page.get_by_role("option").filter(has_text="length –").click()
    page.get_by_label("length").get_by_text("Options").click()
    page.get_by_label("most", exact=True).fill("40")
    console.button("Start").click()
    console.heading("e2e-live").wait_for()
    expect(page.get_by_label("About")).to_contain_text("50%")

    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("length").get_by_text("Options").click()
    expect(page.get_by_label("most", exact=True)).to_have_value("40")
    page.get_by_label("Share of the traces (%)").fill("0.5")
    console.button("Save").click()
    expect(page.get_by_label("About")).to_contain_text("0.5%")
    console.button("Pause").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    page.get_by_role("link", name="Live traffic").click()
    page.get_by_role("link", name="e2e-live", exact=True).click()
    console.button("End").click()
    console.button("End online evaluation").click()
    console.heading("Evaluations").wait_for()
    expect(page.get_by_role("link", name="e2e-live")).to_have_count(0)
