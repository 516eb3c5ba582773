"""Authenticates gateways on `/internal/` by the home's `gateway.token`."""

import hmac
from pathlib import Path

from fastapi import Request

from penstock.infra.crypto import ensure_secret_file
from penstock.infra.home import Home
from penstock.kernel.errors import Unauthenticated


class GatewayToken:
    """The dependency that checks the gateway token. `token` is in hex."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    def __call__(self, request: Request) -> None:
        given = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, self._expected):
            raise Unauthenticated(
                "The gateway token is missing or wrong.",
                hint="Copy gateway.token from the server's home to the gateway's.",
                code="gateway_token_wrong",
            )
        request.state.caller = "gateway"


def open_gateway_token(home: Path) -> bytes:
    """Returns the token of this home, which the first start creates."""
    return ensure_secret_file(Home(home).gateway_token)
