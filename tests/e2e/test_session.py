"""Signing in and out."""

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.console import Console
from installation import Installation

pytestmark = pytest.mark.e2e


def test_a_wrong_password_is_reported_and_the_right_one_signs_in(
    penstock: Installation, window: Open
) -> None:
    console = window(penstock)
    console.watch.expect(401)
    console.open("/")
    expect(console.page).to_have_url(re.compile("/sign-in"))
    console.page.get_by_label("Email").fill("admin@localhost")
    console.page.get_by_label("Password").fill("not the password")
    console.button("Sign in").click()
    expect(console.page.get_by_role("alert")).to_be_visible()
    console.sign_in()
    expect(console.heading("Overview")).to_be_visible()


def test_a_deep_link_opens_its_page_after_sign_in(
    console: Console, penstock: Installation, window: Open
) -> None:
    console.go("Keys")
    path = console.page.url.removeprefix(penstock.server)
    other = window(penstock)
    other.open(path)
    other.fill_sign_in()
    expect(other.page).to_have_url(f"{penstock.server}{path}")
    expect(other.heading("Keys")).to_be_visible()


def test_signing_out_ends_the_session(console: Console) -> None:
    console.watch.expect(401)  # requests of the page that are under way when the session ends
    console.button("Signed in as admin@localhost").click()
    console.page.get_by_role("menuitem", name="Sign out").click()
    expect(console.heading("Sign in to Penstock")).to_be_visible()
    console.open("/")
    expect(console.heading("Sign in to Penstock")).to_be_visible()
