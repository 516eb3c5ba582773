"""The client of the REST API: JSON in and out, problem documents as `PenstockError`."""

import asyncio
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

from penstock.entrypoints.up.plan import certificate_of, local_gateway_url, local_server_url
from penstock.infra.egress.client import Egress
from penstock.infra.home import Home
from penstock.infra.home_lock import Addresses, find_running
from penstock.infra.settings import load
from penstock.infra.settings_tree import Settings
from penstock.infra.tls import LocalTrust, local_trust
from penstock.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    Overloaded,
    PenstockError,
    RateLimited,
    SetupError,
    TooLarge,
    Unauthenticated,
    UpstreamFailed,
    UpstreamTimeout,
)
from penstock.spi.http import Fetch, HttpAnswer, HttpRequest

_TIMEOUT_S: Final = 60.0
_BY_STATUS: Final[Mapping[int, type[PenstockError]]] = {
    kind.status: kind
    for kind in (InvalidRequest, Unauthenticated, Forbidden, NotFound, Conflict, TooLarge)
} | {422: InvalidRequest, 429: RateLimited, 503: Overloaded}


class Api:
    """Calls the server at `base_url` with the API key `key`."""

    def __init__(self, base_url: str, key: str, fetch: Fetch, runner: asyncio.Runner) -> None:
        self.base_url = base_url.rstrip("/")
        self._key = key
        self._fetch = fetch
        self._runner = runner

    def get(self, path: str, **query: object) -> Any:
        """Sends GET and returns the decoded answer. Leaves out query values of `None`."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", f"{path}?{urlencode(given, doseq=True)}" if given else path)

    def items(self, path: str, limit: int | None = None, **query: object) -> Iterator[Any]:
        """Yields the items of all pages, or the first `limit` items."""
        cursor: str | None = None
        left = limit
        while left is None or left > 0:
            page = self.get(path, cursor=cursor, limit=min(left or 100, 100), **query)
            yield from page["items"]
            left = None if left is None else left - len(page["items"])
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def call(
        self, method: str, path: str, body: object = None, *, timeout_s: float = _TIMEOUT_S
    ) -> Any:
        """Sends a request and returns the decoded answer. Raises `PenstockError` for a problem."""
        return _decode(self.fetch(method, path, body, timeout_s=timeout_s))

    def fetch(
        self, method: str, path: str, body: object = None, *, timeout_s: float = _TIMEOUT_S
    ) -> HttpAnswer:
        """Sends a request and returns the answer, whatever its status. Raises `UpstreamFailed` if
        the server does not answer."""
        headers = [(b"authorization", b"Bearer " + self._key.encode())]
        content = b""
        if body is not None:
            headers.append((b"content-type", b"application/json"))
            content = json.dumps(body).encode()
        request = HttpRequest(method, self.base_url + path, tuple(headers), content)
        try:
            return self._runner.run(
                self._fetch(request, timeout_s=timeout_s, private_allowed=True)  # pyright: ignore[reportArgumentType] - Fetch's awaitable is a coroutine
            )
        except (UpstreamFailed, UpstreamTimeout) as error:
            raise UpstreamFailed(
                f"The server at {self.base_url} does not answer.",
                hint="Start it with `penstock up`, or set PENSTOCK_SERVER_URL.",
            ) from error

    def content(self, answer: HttpAnswer) -> bytes:
        """Returns the body of a successful answer. Raises `PenstockError` for a problem."""
        if answer.status >= 400:
            _decode(answer)
        return answer.body

    def project(self, named: str | None) -> str:
        """Returns the API path of the named project, or of the project of the key."""
        if named:
            return f"/api/v1/projects/{quote(named)}"
        session = self.get("/api/v1/session")
        if not session["project_id"] and not session["instance_admin"]:
            raise Forbidden(
                "This key may only call models.",
                hint="Check PENSTOCK_API_KEY: it may hold an application's key.",
            )
        if not (own := session["project_id"]):
            raise InvalidRequest("This key belongs to no project.", hint="Add --project ID.")
        return f"/api/v1/projects/{quote(own)}"


@contextmanager
def open_api(home: Path | None) -> Generator[Api]:
    """Yields a client for the configured server, with the key of the settings or of
    `bootstrap.json`."""
    settings = load({"home": home}).settings
    with _open(settings, server_url(settings), api_key(settings)) as api:
        yield api


@contextmanager
def open_gateway(home: Path | None, key: str) -> Generator[Api]:
    """Yields a client for the gateway, with `key`, or the application key of the first start."""
    settings = load({"home": home}).settings
    with _open(settings, gateway_url(settings), key or gateway_key(settings)) as api:
        yield api


@contextmanager
def _open(settings: Settings, url: str, key: str) -> Generator[Api]:
    with asyncio.Runner() as runner:
        egress = Egress(trust_of(settings, url))
        try:
            yield Api(url, key, egress, runner)
        finally:
            runner.run(_close(egress))


async def _close(egress: Egress) -> None:
    egress.close()


def server_url(settings: Settings) -> str:
    """The URL of the server: as set, or of the running installation, or by the set port."""
    return settings.server_url or _running(settings).server_url or local_server_url(settings)


def gateway_url(settings: Settings) -> str:
    """The URL of the gateway: as set, or of the running installation, or by the set port."""
    return settings.gateway_url or _running(settings).gateway_url or local_gateway_url(settings)


def trust_of(settings: Settings, url: str) -> LocalTrust | None:
    """Returns what a connection to this installation trusts; `None` for one elsewhere."""
    for section, own in (
        (settings.server, local_server_url(settings)),
        (settings.gateway, local_gateway_url(settings)),
    ):
        if url == own:
            return local_trust(certificate_of(section)["certificate"])
    return None


def _running(settings: Settings) -> Addresses:
    return find_running(settings.home) or Addresses()


def api_key(settings: Settings) -> str:
    """The API key of the command line. Raises `SetupError` if there is none."""
    if key := settings.api_key.get_secret_value() or _stored_key(settings, "api_key"):
        return key
    raise SetupError(
        "No API key: PENSTOCK_API_KEY is not set, and "
        f"{Home(settings.home).bootstrap} is missing or unreadable.",
        hint="Start with `penstock up`, or set PENSTOCK_API_KEY.",
    )


def gateway_key(settings: Settings) -> str:
    """The application key from the first start. Raises `SetupError` if it is not stored."""
    if key := _stored_key(settings, "gateway_key"):
        return key
    raise SetupError(
        f"There is no application key in {Home(settings.home).bootstrap}.",
        hint="Start with `penstock up`, or create a key with `penstock key create NAME`.",
    )


def _stored_key(settings: Settings, name: str) -> str:
    """A key from `bootstrap.json`, or the empty string."""
    try:
        return str(json.loads(Home(settings.home).bootstrap.read_bytes())[name])
    except (OSError, ValueError, KeyError):
        return ""


def _decode(answer: HttpAnswer) -> Any:
    try:
        body = json.loads(answer.body) if answer.body else None
    except ValueError as error:
        raise UpstreamFailed(
            f"The answer (HTTP {answer.status}) is not JSON. Is this a Penstock server?"
        ) from error
    if answer.status < 400:
        return body
    problem = cast("dict[str, Any]", body) if isinstance(body, dict) else dict[str, Any]()
    if isinstance(error := problem.get("error"), dict):  # of a gateway, in OpenAI's format
        problem = {**cast("dict[str, Any]", error)}
        problem["detail"] = problem.get("message")
    kind = _BY_STATUS.get(answer.status, PenstockError)
    detail = str(problem.get("detail") or f"The server answered HTTP {answer.status}.")
    raise kind(
        detail.removeprefix("body.").removeprefix("query."),  # places that only HTTP has
        hint=str(problem.get("hint", "")),
        code=str(problem.get("code", "")),
    )
