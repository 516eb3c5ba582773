"""Drives the console in a browser window: pages, dialogs, menus."""

import json
import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from e2e.watch import Watch
from installation import Installation


@dataclass(frozen=True)
class Account:
    """An account to sign in with."""

    email: str
    password: str


def first_admin(installation: Installation) -> Account:
    """The admin that the first start created."""
    bootstrap = json.loads((installation.home / "bootstrap.json").read_text())
    return Account(bootstrap["admin_email"], bootstrap["admin_password"])


class Console:
    """One window. `page` is the Playwright page, for everything not covered here."""

    def __init__(self, page: Page, installation: Installation) -> None:
        self.page = page
        self.installation = installation
        self.watch = Watch(page, installation.server)

    def open(self, path: str = "/") -> None:
        """Opens a path of the console."""
        self.page.goto(f"{self.installation.server}{path}")

    def sign_in(self, account: Account | None = None) -> None:
        """Signs in (as the first admin by default) and waits for the overview."""
        self.open("/sign-in")
        self.fill_sign_in(account)
        self.heading("Overview").wait_for()

    def fill_sign_in(self, account: Account | None = None) -> None:
        """Fills in and submits the sign-in form."""
        account = account or first_admin(self.installation)
        self.page.get_by_label("Email").fill(account.email)
        self.page.get_by_label("Password").fill(account.password)
        self.page.get_by_role("button", name="Sign in").click()

    def go(self, name: str) -> None:
        """Opens a page through the navigation."""
        self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
        self.heading(name).wait_for()

    def heading(self, name: str) -> Locator:
        """The title of the page."""
        return self.page.get_by_role("heading", name=name, exact=True, level=1)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def row(self, text: str) -> Locator:
        """The table row that contains `text`."""
        return self.page.get_by_role("row").filter(has_text=text)

    def act(self, on: str, action: str) -> None:
        """Selects an action in the menu of a table row."""
        self.button(f"Actions for {on}").click()
        self.page.get_by_role("menuitem", name=action).click()

    def alert(self, text: str) -> None:
        """Expects an error message with `text`."""
        expect(self.page.get_by_role("alert").filter(has_text=text)).to_be_visible()

    @property
    def project_id(self) -> str:
        """The current project, from the URL."""
        found = re.search(r"/projects/([^/]+)/", self.page.url)
        assert found, self.page.url
        return found.group(1)
