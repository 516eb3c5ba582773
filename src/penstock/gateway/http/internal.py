"""Internal endpoints: JSON documents for the server, which sends the gateway token."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from penstock.gateway.call import Receive, Send
from penstock.kernel.errors import InvalidRequest, PenstockError, TooLarge, Unauthenticated

_HEADERS: Final = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
Asked = TypeVar("Asked", bound=msgspec.Struct)


class InternalAnswer(Protocol):
    """Answers the requests to one internal path."""

    async def answer(
        self, method: str, headers: Mapping[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        """Answers one request."""
        ...


class InternalEndpoint(Generic[Asked]):
    """Reads a document of the type `asked`, at most `max_bytes`, and answers with what `work`
    returns, or with its error."""

    def __init__(
        self,
        asked: type[Asked],
        work: Callable[[Asked], Awaitable[msgspec.Struct]],
        token: str,
        max_bytes: int,
    ) -> None:
        self._asked = asked
        self._work = work
        self._token = token
        self._max_bytes = max_bytes

    async def answer(
        self, method: str, headers: Mapping[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        """Answers one request."""
        try:
            require_token(method, headers, self._token)
            body = await _body(receive, self._max_bytes)
            status, content = 200, msgspec.json.encode(await self._work(self._read(body)))
        except PenstockError as error:
            status, content = error.status, error_document(error)
        await send_document(send, status, content)

    def _read(self, body: bytes) -> Asked:
        try:
            return msgspec.json.decode(body, type=self._asked)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidRequest(f"The request cannot be read: {error}.") from error


def require_token(method: str, headers: Mapping[bytes, bytes], token: str) -> None:
    """Raises `Unauthenticated` without the gateway token."""
    given = headers.get(b"authorization", b"")
    if method != "POST" or not hmac.compare_digest(given, f"Bearer {token}".encode()):
        raise Unauthenticated("Internal calls are POST requests with the gateway token.")


def error_document(error: PenstockError) -> bytes:
    """Returns an error as an internal endpoint sends it."""
    fields = {"message": error.message, "code": error.code, "hint": error.hint}
    return msgspec.json.encode({"error": fields})


async def send_document(send: Send, status: int, content: bytes) -> None:
    """Sends a whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": content, "more_body": False})


async def _body(receive: Receive, max_bytes: int) -> bytes:
    """Raises `TooLarge` above the limit."""
    found = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest("The request is not complete.")
        found += message.get("body", b"")
        if len(found) > max_bytes:
            raise TooLarge(f"An internal call of this kind has at most {max_bytes} bytes.")
        if not message.get("more_body", False):
            return bytes(found)
