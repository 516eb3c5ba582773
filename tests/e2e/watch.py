"""Watches a page for console errors, requests to other hosts and unexpected statuses."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

_NETWORK = "Failed to load resource"  # also reported by the responses, with more detail


class Watch:
    """Collects the problems of one page. A test announces error statuses with `expect`."""

    def __init__(self, page: Page, origin: str) -> None:
        self.problems: list[str] = []
        self._origin = origin
        self._expected: set[int] = set()
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)
        page.on("request", self._on_request)
        page.on("response", self._on_response)

    def expect(self, *statuses: int) -> None:
        """From now on these statuses are not problems."""
        self._expected.update(statuses)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_NETWORK):
            self.problems.append(f"console: {message.text}")

    def _on_error(self, error: Error) -> None:
        self.problems.append(f"uncaught: {error}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"data", "blob"}:
            return
        if f"{parts.scheme}://{parts.netloc}" != self._origin:
            self.problems.append(f"foreign host: {request.url}")

    def _on_response(self, response: Response) -> None:
        path = urlsplit(response.url).path
        is_session_check = path == "/api/v1/session" and response.request.method == "GET"
        if (
            response.status >= 400
            and not is_session_check
            and response.status not in self._expected
        ):
            self.problems.append(f"{response.status}: {response.request.method} {path}")
