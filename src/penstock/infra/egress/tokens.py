"""Fetches the tokens of providers that a server issues for their secrets."""

from typing import Final

from penstock.kernel.errors import UpstreamFailed
from penstock.spi.chat import ProviderConfig
from penstock.spi.http import Fetch
from penstock.spi.tokens import IssuedToken, TokenExchanger

TOKEN_TIMEOUT_S: Final = 10.0  # for one token; then the call fails
MAX_TOKEN_ANSWER_BYTES: Final = 64 * 1024


async def fetch_token(
    exchanger: TokenExchanger,
    provider: ProviderConfig,
    fetch: Fetch,
    now_s: float,
    *,
    private_allowed: bool,
) -> IssuedToken | None:
    """Returns a token for the provider's secret; `None` if that itself is sent. A secret goes to
    private addresses only without TLS. Raises `UpstreamFailed`, `UpstreamTimeout`."""
    request = exchanger.build_token_request(provider)
    if request is None:
        return None
    if not (request.url.startswith("https://") or private_allowed):
        raise UpstreamFailed(
            "The server that issues tokens has no TLS.",
            hint="Use an address that begins with https://.",
            code="upstream_credential",
        )
    answer = await fetch(
        request,
        timeout_s=TOKEN_TIMEOUT_S,
        private_allowed=private_allowed,
        max_bytes=MAX_TOKEN_ANSWER_BYTES,
    )
    return exchanger.read_token(provider, answer, now_s)
