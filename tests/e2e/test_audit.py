"""The audit page lists changes with before and after, and verifies the chain."""

import json
import re

import pytest
from playwright.sync_api import expect

from e2e.console import Console
from e2e.test_keys import create_key

pytestmark = pytest.mark.e2e


def test_the_log_lists_changes_with_before_and_after(console: Console) -> None:
    console.go("Keys")
    create_key(console, "audited", "sim/sim-large")
    console.button("I have copied it").click()
    console.act("audited", "Revoke")
    console.button("Revoke key").click()
    expect(console.dialog()).to_have_count(0)

    console.go("Audit")
    expect(console.page.get_by_text("Chain intact")).to_be_visible()
    revoked = console.row("revoked key audited")
    expect(revoked).to_contain_text("admin@")
    expect(revoked).to_contain_text("key.revoke")
    revoked.get_by_role("button").click()
    changes = console.page.get_by_role("table", name="Changes")
    expect(changes.get_by_role("row").filter(has_text="revoked")).to_contain_text(
        re.compile(r"–\s*\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
    )
    expect(changes.get_by_role("row")).to_have_count(2)  # the header and one change

    console.row("created key audited").get_by_role("button").click()
    expect(changes).to_contain_text("sim/sim-large")
    expect(changes).not_to_contain_text("Before")


def test_the_export_has_every_event(console: Console) -> None:
    console.go("Audit")
    with console.page.expect_download() as started:
        console.page.get_by_role("link", name="Export").click()
    lines = started.value.path().read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    expect(console.page.get_by_text(f"{len(events)} events")).to_be_visible()


def test_the_instance_has_its_own_log(console: Console) -> None:
    console.go("Audit")
    console.page.get_by_role("radio", name="Instance").click()
    expect(console.row("signed in").first).to_contain_text("session.create")
    expect(console.page.get_by_text(re.compile(r"All \d+ chains intact"))).to_be_visible()
