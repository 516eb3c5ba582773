"""Client tokens: what an application gives its web pages and mobile applications in place of its
key.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.client_tokens import IssuedClientToken
from penstock.sdk.fetch import Server

_PATH: Final = "/v1/client_tokens"


class ClientTokens:
    """Makes client tokens at a gateway, with the key of the application."""

    def __init__(self, gateway_url: str, key: str) -> None:
        self._gateway = Server(gateway_url, key)

    def create(
        self,
        use_case: str,
        *,
        user: str = "",
        origins: Sequence[str] = (),
        models: Sequence[str] = (),
        expires_in_s: int = 600,
        requests: int = 20,
        tokens: int | None = None,
        usd: Decimal | None = Decimal("0.10"),
    ) -> IssuedClientToken:
        """Makes a token for one use case. `origins`: the web pages that may use it
        (`https://app.example.com`); without one, no web page may. `models`: patterns; without one,
        all models of the key. Raises `PenstockError`."""
        limits: dict[str, Any] = {"requests": requests, "tokens": tokens, "usd": usd}
        wanted: dict[str, Any] = {
            "use_case": use_case,
            "user": user,
            "origins": list(origins),
            "models": list(models),
            "expires_in_s": expires_in_s,
            "limits": limits,
        }
        answer = self._gateway.send("POST", _PATH, msgspec.json.encode(wanted))
        try:
            return msgspec.json.decode(answer, type=IssuedClientToken)
        except msgspec.MsgspecError as error:
            raise UpstreamFailed(f"The client token cannot be read: {error}.") from None

    async def create_async(self, use_case: str, **options: Any) -> IssuedClientToken:
        """The same, without blocking the event loop."""
        return await asyncio.to_thread(self.create, use_case, **options)
