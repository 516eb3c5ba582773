"""The console as a person has it: a browser window, somebody at it, and where they click."""

import json
import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from e2e.watch import Watch
from installation import Installation


@dataclass(frozen=True)
class Person:
    """Who signs in."""

    email: str
    password: str


def first_admin(installation: Installation) -> Person:
    """Whom the first start made."""
    made = json.loads((installation.home / "bootstrap.json").read_text())
    return Person(made["admin_email"], made["admin_password"])


class Console:
    """One window. `page` is Playwright's own, for what is said nowhere else."""

    def __init__(self, page: Page, installation: Installation) -> None:
        self.page = page
        self.installation = installation
        self.watch = Watch(page, installation.server)

    def open(self, path: str = "/") -> None:
        """Opens an address of the console."""
        self.page.goto(f"{self.installation.server}{path}")

    def sign_in(self, person: Person | None = None) -> None:
        """Signs in, as the first admin unless told, and waits for the first page."""
        self.open("/sign-in")
        self.fill_sign_in(person)
        self.heading("Overview").wait_for()

    def fill_sign_in(self, person: Person | None = None) -> None:
        """On the sign-in page: name, password, go."""
        person = person or first_admin(self.installation)
        self.page.get_by_label("Email").fill(person.email)
        self.page.get_by_label("Password").fill(person.password)
        self.page.get_by_role("button", name="Sign in").click()

    def go(self, name: str) -> None:
        """To a page by the navigation."""
        self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
        self.heading(name).wait_for()

    def heading(self, name: str) -> Locator:
        """The page's own title."""
        return self.page.get_by_role("heading", name=name, exact=True, level=1)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def row(self, text: str) -> Locator:
        """The line of a table in which `text` stands."""
        return self.page.get_by_role("row").filter(has_text=text)

    def act(self, on: str, deed: str) -> None:
        """A deed of the menu that hangs on something's line."""
        self.button(f"Actions for {on}").click()
        self.page.get_by_role("menuitem", name=deed).click()

    def alert(self, text: str) -> None:
        """Something went wrong and is told."""
        expect(self.page.get_by_role("alert").filter(has_text=text)).to_be_visible()

    @property
    def project_id(self) -> str:
        """Of the project in view, as its address says."""
        found = re.search(r"/projects/([^/]+)/", self.page.url)
        assert found, self.page.url
        return found.group(1)
