"""One request to the server, in a thread of its own, for any number of waiting callers."""

import asyncio
import http.client
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from penstock.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    PenstockError,
    RateLimited,
    SetupError,
    TooLarge,
    Unauthenticated,
    UpstreamFailed,
)
from penstock.sdk.prompt import Prompt, read_prompt_document

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024  # of the server; a longer one is an error
LONGEST_FETCH_S: Final = 30.0  # of a request; nobody waits for it that long, see `timeout_s`
_SOCKET_TIMEOUT_S: Final = 10.0
_PIECE_BYTES: Final = 65_536
_DONE: Final = frozenset((200, 201, 204))
_ERRORS: Final = {
    400: InvalidRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    429: RateLimited,
}


class Server:
    """The address of a Penstock server or gateway, and a key."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SetupError("The URL of Penstock is not valid.", hint="http://127.0.0.1:4001")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/")
        self._key = key

    def fetch(self, name: str, version: str) -> Prompt:
        """Returns a prompt. Raises `PenstockError`."""
        query = urlencode({"name": name, "version": version})
        body = self.send("GET", f"/api/v1/prompts/resolve?{query}")
        try:
            return read_prompt_document(name, body)
        except (msgspec.MsgspecError, UnicodeDecodeError, InvalidRequest) as error:
            raise UpstreamFailed(f"The prompt {name!r} cannot be read: {error}") from None

    def send(self, method: str, path: str, content: bytes | None = None) -> bytes:
        """Sends a request, with JSON as its content. Returns the body of the answer. Raises
        `PenstockError` if it has no status of success."""
        try:
            status, body = self._send(method, self._path + path, content)
        except (OSError, http.client.HTTPException) as error:
            raise UpstreamFailed(f"Penstock does not answer: {error!r}.") from None
        if status not in _DONE:
            kind = _ERRORS.get(status, UpstreamFailed)
            raise kind(f"Penstock answered HTTP {status}{_detail(body)}")
        return body

    def _send(self, method: str, path: str, content: bytes | None) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        end = time.monotonic() + LONGEST_FETCH_S
        connection = kind(self._host, self._port, timeout=_SOCKET_TIMEOUT_S)
        try:
            headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            body = bytearray()
            while piece := answer.read1(_PIECE_BYTES):
                body += piece
                if len(body) > MAX_ANSWER_BYTES or time.monotonic() > end:
                    raise UpstreamFailed("The answer of Penstock is too long or slow.")
            return answer.status, bytes(body)
        finally:
            connection.close()


class ProjectApi:
    """The REST API of the project of a key. Methods raise `PenstockError`."""

    def __init__(self, server_url: str, key: str) -> None:
        self._server = Server(server_url, key)
        self._session: dict[str, str] | None = None

    def key_id(self) -> str:
        """Returns the id of the key."""
        return self._known()["id"]

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Returns what the server answers to a request below the path of the project."""
        content = None if body is None else msgspec.json.encode(body)
        project = quote(self._known()["project_id"], safe="")
        answer = self._server.send(method, f"/api/v1/projects/{project}{path}", content)
        return msgspec.json.decode(answer) if answer else None

    def _known(self) -> dict[str, str]:
        session = self._session
        if session is None:
            session = msgspec.json.decode(self._server.send("GET", "/api/v1/session"))
            self._session = session
        return session


class PromptFetch:
    """A request under way. `finished` is called with its result in the thread."""

    def __init__(
        self,
        fetch: Callable[[], Prompt],
        finished: Callable[[Prompt | PenstockError], None],
    ) -> None:
        self._fetch = fetch
        self._finished = finished
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._waiters: list[Callable[[], None]] = []
        threading.Thread(target=self._run, name="penstock-prompts", daemon=True).start()

    def wait(self, timeout_s: float) -> None:
        """Waits until the request has ended, or until the time is up."""
        self._done.wait(timeout_s)

    async def wait_async(self, timeout_s: float) -> None:
        """The same, without blocking the event loop."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def notify() -> None:
            with suppress(RuntimeError):  # the loop was closed while we waited
                loop.call_soon_threadsafe(ended.set)

        with self._lock:
            self._waiters.append(notify)
        if self._done.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await ended.wait()

    def _run(self) -> None:
        try:
            found: Prompt | PenstockError = self._fetch()
        except PenstockError as error:
            found = error
        except Exception as error:  # noqa: BLE001 - thread: a waiting caller must be answered
            found = UpstreamFailed(f"The prompt could not be fetched: {error!r}")
        self._finished(found)
        self._done.set()
        with self._lock:
            waiters, self._waiters = self._waiters, []
        for notify in waiters:
            notify()


def _detail(body: bytes) -> str:
    """The detail of a server's problem document, the message of a gateway's error, or a full
    stop."""
    try:
        document = msgspec.json.decode(body)
        return f": {document['detail'] if 'detail' in document else document['error']['message']}"
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError, KeyError):
        return "."
