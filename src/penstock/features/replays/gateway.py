"""The gateway as the server calls it: it builds requests again, and serves calls as a key."""

from dataclasses import dataclass
from typing import Final

import msgspec

from penstock.features.replays.model import NotReplayable
from penstock.infra.egress.client import Egress
from penstock.infra.egress.exchange import UpstreamExchange, UpstreamTimeLimits
from penstock.kernel.errors import NotFound, PenstockError, UpstreamFailed, UpstreamTimeout
from penstock.rules.replay import (
    REBUILD_PATH,
    SENT_AS,
    SENT_CALL_PATH,
    SENT_TO,
    CallerRequest,
    RebuildRequest,
    RebuiltRequest,
)
from penstock.rules.sent_request import read_header_lines
from penstock.spi.http import HttpRequest

_REBUILD_S: Final = 30.0  # for one request; then the gateway does not answer
_CALL: Final = UpstreamTimeLimits(first_byte_s=300.0, silence_s=120.0)
_MAX_REBUILT_BYTES: Final = 48 * 1024 * 1024  # of the gateway's answer; then it is refused
_JSON: Final = (b"content-type", b"application/json")
_GONE: Final = frozenset(("provider_not_found", "credential_not_found", "surface_not_found"))


class _Error(msgspec.Struct):
    message: str = ""
    code: str = ""


class _ErrorDocument(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


@dataclass(frozen=True, slots=True)
class InternalGateway:
    """Sends internal calls to the gateway of this installation, with the gateway token."""

    egress: Egress
    url: str
    token: str

    async def rebuild(self, asked: RebuildRequest) -> RebuiltRequest:
        """Returns a request, built again. Raises `NotReplayable` if what it needs is gone,
        `BuiltOtherwise` if it cannot be written, and `UpstreamFailed` without a gateway."""
        request = self._request(REBUILD_PATH, msgspec.json.encode(asked), (_JSON,))
        try:
            answer = await self.egress(
                request, timeout_s=_REBUILD_S, private_allowed=True, max_bytes=_MAX_REBUILT_BYTES
            )
        except (UpstreamFailed, UpstreamTimeout) as error:
            raise self._silent() from error
        if answer.status == 200:
            try:
                return msgspec.json.decode(answer.body, type=RebuiltRequest)
            except msgspec.MsgspecError as error:
                raise UpstreamFailed("The gateway's answer cannot be read.") from error
        raise self._problem(answer.status, answer.body)

    async def send(self, project_id: str, key_id: str, asked: CallerRequest) -> UpstreamExchange:
        """Sends a call as a key. Returns once the headers of its answer have arrived; read it, or
        abort it. Raises `UpstreamFailed` without a gateway."""
        headers = {
            name: value
            for name, value in read_header_lines(asked.headers).items()
            if not name.startswith(b":")
        }
        headers |= {
            _JSON[0]: asked.content_type.encode("latin-1", "replace"),
            SENT_AS: f"{project_id}/{key_id}".encode("latin-1", "replace"),
            SENT_TO: asked.path.encode("latin-1", "replace"),
        }
        request = self._request(SENT_CALL_PATH, asked.body, tuple(headers.items()))
        try:
            return await self.egress.open(request, _CALL, private_allowed=True)
        except (UpstreamFailed, UpstreamTimeout) as error:
            raise self._silent() from error

    def _request(
        self, path: str, body: bytes, headers: tuple[tuple[bytes, bytes], ...]
    ) -> HttpRequest:
        token = (b"authorization", f"Bearer {self.token}".encode())
        return HttpRequest("POST", self.url.rstrip("/") + path, (token, *headers), body)

    def _silent(self) -> UpstreamFailed:
        return UpstreamFailed(
            f"The gateway at {self.url} does not answer.",
            hint="Start it with `penstock up`, or set gateway_url of the server.",
            code="gateway_unavailable",
        )

    def _problem(self, status: int, body: bytes) -> PenstockError:
        try:
            error = msgspec.json.decode(body, type=_ErrorDocument).error
        except msgspec.MsgspecError:
            error = _Error()
        if error.code in _GONE:
            code = error.code.replace("not_found", "gone")
            return NotReplayable(f"{error.message} It took this request.", code=code)
        if status == 404:
            return NotFound(f"The gateway at {self.url} builds no requests again: upgrade it.")
        if status in (400, 422):
            return BuiltOtherwise(error.message)
        return UpstreamFailed(
            f"The gateway at {self.url} answered {status}.",
            hint="Look at its log; gateway.token must be that of the server.",
        )


class BuiltOtherwise(PenstockError):
    """The gateway cannot write a request that it has written once."""
