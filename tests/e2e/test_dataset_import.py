"""Files become versions of datasets in the console, after a check that names lines with errors."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.console import Console

pytestmark = pytest.mark.e2e

ROWS = 1100  # more than two requests


def add_dataset(console: Console, name: str, personal_data: str = "Flag them") -> None:
    """Adds a dataset without items and stays on its page."""
    console.go("Datasets")
    console.button("New dataset").click()
    console.dialog().get_by_label("Name").fill(name)
    console.dialog().get_by_label("Items with personal data").select_option(label=personal_data)
    console.dialog().get_by_role("button", name="Add dataset").click()
    console.heading(name).wait_for()


def test_a_file_is_checked_by_line_mapped_and_imported(console: Console, tmp_path: Path) -> None:
    page = console.page
    path = tmp_path / "faq.csv"
    rows = [f'"Question {at}, with a comma",Answer {at},topic-{at % 3}' for at in range(ROWS)]
    rows[7] = ",No question,topic-0"
    path.write_text("\n".join(["frage,antwort,topic", *rows]))
    add_dataset(console, "e2e-imported")
    page.get_by_role("link", name="Import").click()
    page.get_by_label("File").set_input_files(path)
    expect(page.get_by_text("Choose the column of the input.")).to_be_visible()
    page.get_by_label("frage becomes").select_option("input")
    page.get_by_label("antwort becomes").select_option("expected")
    check = page.get_by_role("region", name="Check")
    expect(check).to_contain_text("1,099 items, 1 row with errors")
    expect(check.get_by_label("Errors")).to_have_text("faq.csv, line 9: it has no input.")
    expect(check.get_by_role("table", name="First items")).to_contain_text("with a comma")
    start = page.get_by_role("button", name="Import 1,099 items")
    expect(start).to_be_disabled()
    page.get_by_label("Leave out the 1 row with errors").check()
    start.click()
    console.heading("e2e-imported").wait_for()
    newest = page.get_by_role("table", name="Versions").get_by_role("row").nth(1)
    expect(newest).to_contain_text("Import of faq.csv")
    expect(newest).to_contain_text("1,099 added")

    console.act("e2e-imported", "Remove")
    console.button("Remove dataset").click()
    console.heading("Datasets").wait_for()
    expect(page.get_by_role("link", name="e2e-imported")).to_have_count(0)


def test_an_import_that_the_server_refuses_changes_nothing(
    console: Console, tmp_path: Path
) -> None:
    console.watch.expect(400)
    page = console.page
    path = tmp_path / "long.jsonl"
    path.write_text('{"input": "My card is 4111 1111 1111 1111"}\n')
    add_dataset(console, "e2e-refused", personal_data="Reject them")
    page.get_by_role("link", name="Import").click()
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Import 1 item").click()
    console.alert("long.jsonl, line 1")
    dataset = console.installation.get(
        f"/api/v1/projects/{console.project_id}/datasets/e2e-refused"
    )
    assert dataset["newest"] is None
