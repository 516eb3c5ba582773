"""Stage 6 when the provider says no: what the caller can use passes, the rest is translated.

A provider's 401 or 403 is about our credential, not the caller's; no secret passes in a message.
"""

from collections.abc import Callable
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.reply import JSON, own_type, send_whole
from penstock.gateway.route import Route
from penstock.gateway.stages.relay_unary import gather
from penstock.infra.egress.exchange import Exchange
from penstock.kernel.errors import Overloaded, PenstockError, UpstreamFailed, UpstreamTimeout
from penstock.rules.wire.openai.errors import read_error

MAX_ERROR_BYTES: Final = 64 * 1024
_FOR_THE_CALLER: Final = frozenset((400, 404, 409, 413, 415, 422, 424, 429))
_REDACTED: Final = b"[redacted]"


async def relay_refusal(
    call: Call, exchange: Exchange, route: Route, conclude: Callable[[PenstockError], None]
) -> None:
    """Passes the refusal on, or raises our own error that names the provider."""
    body = await gather(exchange, MAX_ERROR_BYTES)
    if route.provider.secret:
        body = body.replace(route.provider.secret.encode(), _REDACTED)
    told = read_error(body)
    if exchange.status not in _FOR_THE_CALLER or not told or not exchange.ended:
        raise _translated(exchange, told)
    call.response = body
    call.response_size = len(body)
    conclude(PenstockError(told, code=f"upstream_{exchange.status}"))
    await send_whole(call, exchange.status, own_type([JSON], exchange), body)


def _translated(exchange: Exchange, told: str) -> PenstockError:
    status = exchange.status
    said = f" {status}: {told}" if told else f" {status}."
    match status:
        case 401 | 403 | 407:
            return UpstreamFailed(
                f"it does not accept our credential (it answered{said})".rstrip(".") + ".",
                hint="An admin must check the API key of this provider.",
                code="upstream_credential",
            )
        case 408 | 504:
            return UpstreamTimeout(f"it answered{said}")
        case 429 | 503 | 529:
            return Overloaded(
                f"it answered{said}",
                code="upstream_overloaded",
                retry_after_s=_retry_after(exchange),
            )
        case _:
            return UpstreamFailed(f"it answered{said}", code=f"upstream_{status}")


def _retry_after(exchange: Exchange) -> int:
    told = exchange.header(b"retry-after")
    return int(told) if told.isdigit() else 1
