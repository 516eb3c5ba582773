"""The internal endpoint for dry runs. It needs the gateway token, as the server has it."""

import hmac
from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.gateway.call import Receive, Send
from penstock.gateway.dry_run import DryRun
from penstock.gateway.snapshot.holder import SnapshotHolder
from penstock.kernel.errors import InvalidRequest, PenstockError, TooLarge, Unauthenticated
from penstock.rules.explanation import MAX_DRY_RUN_BYTES, DryRunRequest, Explanation

_HEADERS: Final = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


class DryRunEndpoint:
    """Answers with explanations."""

    def __init__(self, dry_run: DryRun, snapshots: SnapshotHolder, token: str) -> None:
        self._dry_run = dry_run
        self._snapshots = snapshots
        self._expected = f"Bearer {token}".encode()

    async def answer(
        self, method: str, headers: Mapping[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        """Answers one request."""
        try:
            status, body = 200, msgspec.json.encode(await self._explain(method, headers, receive))
        except PenstockError as error:
            document = {"error": {"message": error.message, "code": error.code}}
            status, body = error.status, msgspec.json.encode(document)
        await send({"type": "http.response.start", "status": status, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _explain(
        self, method: str, headers: Mapping[bytes, bytes], receive: Receive
    ) -> Explanation:
        given = headers.get(b"authorization", b"")
        if method != "POST" or not hmac.compare_digest(given, self._expected):
            raise Unauthenticated("A dry run is a POST with the gateway token.")
        try:
            request = msgspec.json.decode(await _body(receive), type=DryRunRequest)
        except msgspec.MsgspecError as error:
            raise InvalidRequest(f"The request cannot be read: {error}.") from error
        return await self._dry_run.explain(request, self._snapshots.current)


async def _body(receive: Receive) -> bytes:
    """Raises `TooLarge` above the limit."""
    found = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest("The request is not complete.")
        found += message.get("body", b"")
        if len(found) > MAX_DRY_RUN_BYTES:
            raise TooLarge(f"A dry run has at most {MAX_DRY_RUN_BYTES} bytes.")
        if not message.get("more_body", False):
            return bytes(found)
