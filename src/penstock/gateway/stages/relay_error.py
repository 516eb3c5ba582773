"""Stage 6 for a provider's error: pass on what the caller can act on, translate the rest.

A provider's 401 or 403 concerns our credential, not the caller's. The body does not pass as it is:
its message is read, our credential is removed, and a document of our own is sent. On a path that
passes, the provider's own client reads the error: it gets the body, unless our credential is in it.
"""

from collections.abc import Callable
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.call_guard import CallGuard
from penstock.gateway.gather import gather
from penstock.gateway.ports import ProviderResponse
from penstock.gateway.stages.reply import (
    JSON,
    ReplyHeaders,
    file_headers,
    provider_headers,
    send_whole,
)
from penstock.gateway.target import Target
from penstock.kernel.errors import Overloaded, PenstockError, UpstreamFailed, UpstreamTimeout
from penstock.rules.attempts.failure_causes import FailureCause, cause_of_rejection
from penstock.rules.attempts.retry_after import read_retry_after
from penstock.rules.guards.policies import Place
from penstock.rules.neutral.answer import ProviderError

MAX_ERROR_BYTES: Final = 64 * 1024  # of an error body; a larger one is not read
_CREDENTIAL: Final = "upstream_credential"
_OF_CREDENTIAL: Final = frozenset((401, 403, 407))
_FOR_THE_CALLER: Final = frozenset((400, 404, 409, 413, 415, 422, 424, 429))


class ProviderOverloaded(Overloaded):
    """A provider is overloaded, or limits our credential."""

    default_code = "upstream_overloaded"


class ProviderRejected(PenstockError):
    """A provider's error that the caller can act on: it passes on with its own status."""

    def __init__(
        self,
        reported: ProviderError,
        http_status: int,
        headers: ReplyHeaders,
        size: int,
        retry_after_s: int | None,
        *,
        own: bytes = b"",
    ) -> None:
        super().__init__(
            reported.message, code=f"upstream_{http_status}", retry_after_s=retry_after_s
        )
        self.reported = reported
        self.http_status = http_status
        self.headers = headers
        self.size = size
        self.own = own  # the body, where it passes as it is

    def translated(self) -> PenstockError:
        """The same failure as an error of our own, for a caller whose stream has begun."""
        return _translated(self.http_status, self.message, self.retry_after_s)


async def raise_provider_error(
    exchange: ProviderResponse,
    target: Target,
    now_s: float,
    guard: CallGuard | None,
    *,
    passes: bool = False,
) -> None:
    """Reads the error. Raises `ProviderRejected`, or our own error with the provider's message.
    `passes`: the call is one to any path of the provider."""
    body = await gather(exchange, MAX_ERROR_BYTES)
    if guard is not None:
        body = guard.masked(body, Place.OUTPUT)
    reported = target.plugin.read_error(body, target.redaction)
    retry_after_s = read_retry_after(exchange.header(b"retry-after"), now_s)
    if passes and exchange.ended and _may_pass(exchange, body, target):
        headers = [*file_headers(exchange), *provider_headers(exchange, target.redaction)]
        status = exchange.status
        raise ProviderRejected(reported, status, headers, len(body), retry_after_s, own=body)
    if exchange.status not in _FOR_THE_CALLER or not reported.message or not exchange.ended:
        raise _translated(exchange.status, reported.message, retry_after_s)
    headers = [JSON, *provider_headers(exchange, target.redaction)]
    raise ProviderRejected(reported, exchange.status, headers, len(body), retry_after_s)


def _may_pass(exchange: ProviderResponse, body: bytes, target: Target) -> bool:
    if exchange.status in _OF_CREDENTIAL or not 0 < len(body) <= MAX_ERROR_BYTES:
        return False
    if exchange.header(b"content-encoding") not in (b"", b"identity"):
        return False  # our credential cannot be found in it
    return not target.redaction.found_in(body)


async def send_rejection(
    call: Call, rejected: ProviderRejected, finalize: Callable[[PenstockError | None], None]
) -> None:
    """Records the call and passes the provider's error on."""
    document = rejected.own or call.surface.render_provider_error(
        rejected.reported, rejected.http_status
    )
    if (attempt := call.attempt) is not None:
        attempt.response = document
        attempt.response_size = rejected.size
    finalize(rejected)
    headers = rejected.headers
    if rejected.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % rejected.retry_after_s))
    await send_whole(call, rejected.http_status, headers, document)


def cause_of(error: PenstockError, http_status: int) -> FailureCause:
    """Returns why an attempt failed. `http_status` is that of the provider's answer, 0 without one;
    a good answer failed because it was cut or malformed."""
    if error.code == _CREDENTIAL:
        return FailureCause.CREDENTIAL
    if http_status < 300:
        return FailureCause.UNAVAILABLE
    reported = error.reported if isinstance(error, ProviderRejected) else ProviderError()
    return cause_of_rejection(http_status, reported)


def _translated(status: int, reported: str, retry_after_s: int | None) -> PenstockError:
    answer = f" {status}: {reported}" if reported else f" {status}."
    match status:
        case 401 | 403 | 407:
            return UpstreamFailed(
                f"it rejects our credential (it answered{answer})".rstrip(".") + ".",
                hint="Check the API key of this provider.",
                code=_CREDENTIAL,
            )
        case 408 | 504:
            return UpstreamTimeout(f"it answered{answer}")
        case 429 | 503 | 529:
            return ProviderOverloaded(
                f"it answered{answer}",
                retry_after_s=1 if retry_after_s is None else retry_after_s,
            )
        case _:
            return UpstreamFailed(f"it answered{answer}", code=f"upstream_{status}")
