"""Ships to the server: `POST /internal/v1/calls`, one batch per request."""

from typing import Final

from penstock.infra.spool.send import Send, SendOutcome, SendResult
from penstock.kernel.errors import PenstockError, UpstreamTimeout
from penstock.spi.http import Fetch, HttpAnswer, HttpRequest

_PATH: Final = "/internal/v1/calls"
# Statuses that are about the batch itself. After any other error status (wrong token, too many
# requests) the batch is retried.
_REJECTED: Final = frozenset({400, 413, 422})
_DEFERRED: Final = 507  # the server has no space for what is in this batch
_FAILED: Final = 500  # an error of the server, perhaps caused by this batch


def http_send(
    fetch: Fetch, server_url: str, gateway_token: str, *, timeout_s: float = 30.0
) -> Send:
    """Returns a `Send` to the server at `server_url`. Private addresses are allowed there."""
    url = server_url.rstrip("/") + _PATH
    authorization = f"Bearer {gateway_token}".encode()

    async def send(name: str, data: bytes) -> SendResult:
        headers = (
            (b"authorization", authorization),
            (b"content-type", b"application/octet-stream"),
            (b"x-penstock-batch", name.encode()),
        )
        request = HttpRequest("POST", url, headers, data)
        try:
            answer = await fetch(request, timeout_s=timeout_s, private_allowed=True)
        except UpstreamTimeout as failure:
            return SendResult(SendOutcome.FAILED, failure.message)
        except PenstockError as failure:
            return SendResult(SendOutcome.RETRY, failure.message)
        return _result(answer)

    return send


def _result(answer: HttpAnswer) -> SendResult:
    if answer.status == 200:
        return SendResult(SendOutcome.STORED)
    detail = f"the server answered {answer.status}: {answer.body[:500].decode(errors='replace')}"
    if answer.status in _REJECTED:
        return SendResult(SendOutcome.REJECTED, detail)
    outcomes = {_DEFERRED: SendOutcome.DEFERRED, _FAILED: SendOutcome.FAILED}
    return SendResult(outcomes.get(answer.status, SendOutcome.RETRY), detail)
