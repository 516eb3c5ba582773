"""What a page must never do while somebody uses it: complain, ask other hosts, break its policy."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

_NETWORK = "Failed to load resource"  # told once more, and better, by the responses themselves


class Watch:
    """Collects complaints of one page. Answers that a test provokes are announced by `expect`."""

    def __init__(self, page: Page, origin: str) -> None:
        self.complaints: list[str] = []
        self._origin = origin
        self._expected: set[int] = set()
        page.on("console", self._heard)
        page.on("pageerror", self._broke)
        page.on("request", self._asked)
        page.on("response", self._answered)

    def expect(self, *statuses: int) -> None:
        """From now on these statuses are no complaint."""
        self._expected.update(statuses)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_NETWORK):
            self.complaints.append(f"console: {message.text}")

    def _broke(self, error: Error) -> None:
        self.complaints.append(f"uncaught: {error}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"data", "blob"}:
            return
        if f"{parts.scheme}://{parts.netloc}" != self._origin:
            self.complaints.append(f"foreign host: {request.url}")

    def _answered(self, response: Response) -> None:
        path = urlsplit(response.url).path
        asks_who = path == "/api/v1/session" and response.request.method == "GET"
        if response.status >= 400 and not asks_who and response.status not in self._expected:
            self.complaints.append(f"{response.status}: {response.request.method} {path}")
