"""Stage 6 for a provider's error: pass on what the caller can act on, translate the rest.

A provider's 401 or 403 concerns our credential, not the caller's. The body never passes as it is:
its message is read, our credential is removed, and a document of our own is sent.
"""

from collections.abc import Callable
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.stages.relay_unary import gather
from penstock.gateway.stages.reply import JSON, provider_headers, send_whole
from penstock.gateway.target import Target
from penstock.infra.egress.exchange import UpstreamExchange
from penstock.kernel.errors import Overloaded, PenstockError, UpstreamFailed, UpstreamTimeout
from penstock.rules.retry_after import read_retry_after

MAX_ERROR_BYTES: Final = 64 * 1024  # of an error body; a larger one is not read
_FOR_THE_CALLER: Final = frozenset((400, 404, 409, 413, 415, 422, 424, 429))


async def relay_provider_error(
    call: Call,
    exchange: UpstreamExchange,
    target: Target,
    finalize: Callable[[PenstockError], None],
    now_s: float,
) -> None:
    """Passes the error on, or raises our own error with the provider's message."""
    body = await gather(exchange, MAX_ERROR_BYTES)
    reported = target.plugin.read_error(body, target.redaction)
    retry_after_s = read_retry_after(exchange.header(b"retry-after"), now_s)
    if exchange.status not in _FOR_THE_CALLER or not reported.message or not exchange.ended:
        raise _translated(exchange.status, reported.message, retry_after_s)
    document = call.surface.render_provider_error(reported, exchange.status)
    call.response = document
    call.response_size = len(body)
    finalize(PenstockError(reported.message, code=f"upstream_{exchange.status}"))
    headers = [JSON, *provider_headers(exchange, target.redaction)]
    if retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % retry_after_s))
    await send_whole(call, exchange.status, headers, document)


def _translated(status: int, reported: str, retry_after_s: int | None) -> PenstockError:
    answer = f" {status}: {reported}" if reported else f" {status}."
    match status:
        case 401 | 403 | 407:
            return UpstreamFailed(
                f"it rejects our credential (it answered{answer})".rstrip(".") + ".",
                hint="Check the API key of this provider.",
                code="upstream_credential",
            )
        case 408 | 504:
            return UpstreamTimeout(f"it answered{answer}")
        case 429 | 503 | 529:
            return Overloaded(
                f"it answered{answer}",
                code="upstream_overloaded",
                retry_after_s=1 if retry_after_s is None else retry_after_s,
            )
        case _:
            return UpstreamFailed(f"it answered{answer}", code=f"upstream_{status}")
