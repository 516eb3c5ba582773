"""The REST API as commands see it: one call at a time, JSON in and out, problems as our errors."""

import asyncio
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

from penstock.entrypoints.up.plan import local_gateway_url, local_server_url
from penstock.infra.egress.client import Egress
from penstock.infra.settings import Settings, load
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
    """The server at `base_url`, as seen with `key`."""

    def __init__(self, base_url: str, key: str, fetch: Fetch, runner: asyncio.Runner) -> None:
        self.base_url = base_url.rstrip("/")
        self._key = key
        self._fetch = fetch
        self._runner = runner

    def get(self, path: str, **query: object) -> Any:
        """The decoded answer to GET; `None` values of the query are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", f"{path}?{urlencode(given, doseq=True)}" if given else path)

    def items(self, path: str, limit: int | None = None, **query: object) -> Iterator[Any]:
        """The items of all pages, or the first `limit` of them."""
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
        """The decoded answer, or our error for its problem."""
        return _decode(self.fetch(method, path, body, timeout_s=timeout_s))

    def fetch(
        self, method: str, path: str, body: object = None, *, timeout_s: float = _TIMEOUT_S
    ) -> HttpAnswer:
        """The answer as it came, whatever its status."""
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
                hint="Start it with `penstock up`, or name another with PENSTOCK_SERVER_URL.",
            ) from error

    def content(self, answer: HttpAnswer) -> bytes:
        """The body of a good answer, or our error for its problem."""
        if answer.status >= 400:
            _decode(answer)
        return answer.body

    def project(self, named: str | None) -> str:
        """The path of the named project, or of the only one that the key belongs to."""
        if named:
            return f"/api/v1/projects/{quote(named)}"
        session = self.get("/api/v1/session")
        if not session["roles"] and not session["instance_admin"]:
            raise Forbidden(
                "This key may call models and nothing else.",
                hint="Is PENSTOCK_API_KEY set to a key of an application?",
            )
        if not (own := session["project_id"]):
            raise InvalidRequest("This key has no project of its own.", hint="Say --project ID.")
        return f"/api/v1/projects/{quote(own)}"


@contextmanager
def open_api(home: Path | None) -> Generator[Api]:
    """The server that the settings name, with the key that they or `bootstrap.json` hold."""
    settings = load({"home": home}).settings
    with asyncio.Runner() as runner:
        egress = Egress()
        try:
            yield Api(server_url(settings), api_key(settings), egress, runner)
        finally:
            runner.run(_close(egress))


async def _close(egress: Egress) -> None:
    egress.close()


def server_url(settings: Settings) -> str:
    """Where the server is."""
    return settings.server_url or local_server_url(settings)


def gateway_url(settings: Settings) -> str:
    """Where the gateway is."""
    return settings.gateway_url or local_gateway_url(settings)


def api_key(settings: Settings) -> str:
    """The key of the command line; `SetupError` where none is to be found."""
    if key := settings.api_key.get_secret_value() or _kept_key(settings, "api_key"):
        return key
    raise SetupError(
        "There is no key to call the server with: "
        f"{settings.home / 'bootstrap.json'} is missing or unreadable.",
        hint="Start with `penstock up`, or set PENSTOCK_API_KEY.",
    )


def gateway_key(settings: Settings) -> str:
    """The key that the first start made for applications; `SetupError` where it is not kept."""
    if key := _kept_key(settings, "gateway_key"):
        return key
    raise SetupError(
        f"There is no key for applications in {settings.home / 'bootstrap.json'}.",
        hint="Start with `penstock up`, or make a key with `penstock key create NAME`.",
    )


def _kept_key(settings: Settings, name: str) -> str:
    """A key of `bootstrap.json`; empty where it is not to be found."""
    try:
        return str(json.loads((settings.home / "bootstrap.json").read_bytes())[name])
    except (OSError, ValueError, KeyError):
        return ""


def _decode(answer: HttpAnswer) -> Any:
    try:
        body = json.loads(answer.body) if answer.body else None
    except ValueError as error:
        raise UpstreamFailed(
            f"The answer (HTTP {answer.status}) is not JSON: is this Penstock's server?"
        ) from error
    if answer.status < 400:
        return body
    problem = cast("dict[str, Any]", body) if isinstance(body, dict) else dict[str, Any]()
    kind = _BY_STATUS.get(answer.status, PenstockError)
    raise kind(
        str(problem.get("detail") or f"The server answered HTTP {answer.status}."),
        hint=str(problem.get("hint", "")),
        code=str(problem.get("code", "")),
    )
