"""Tokens for secrets managers that want one issued by another server."""

from datetime import datetime
from typing import Final

import msgspec

from penstock.spi.http import Fetch, HttpRequest
from penstock.spi.secret_manager import ManagerWithTokens, SecretManager, Variable
from penstock.spi.tokens import IssuedToken

TOKEN_TIMEOUT_S: Final = 10.0  # for one token; then the last values of secrets stay in use
MAX_TOKEN_ANSWER_BYTES: Final = 64 * 1024
_RENEW_BEFORE_S: Final = 300.0


class ManagerTokens:
    """The last token of each manager. Another request for it, such as with a changed client secret,
    gets another one."""

    def __init__(self, fetch: Fetch, variable: Variable) -> None:
        self._fetch = fetch
        self._variable = variable
        self._issued: dict[str, tuple[HttpRequest, IssuedToken]] = {}

    async def add_to(
        self, request: HttpRequest, scheme: str, manager: SecretManager, now: datetime
    ) -> HttpRequest:
        """Returns the request with the token, if the manager wants one. Raises what `Fetch` and
        `ManagerWithTokens` raise."""
        if not isinstance(manager, ManagerWithTokens):
            return request
        wanted = manager.token_request(self._variable)
        asked, token = self._issued.get(scheme, (None, None))
        if token is None or asked != wanted or _is_due(token, now):
            answer = await self._fetch(
                wanted,
                timeout_s=TOKEN_TIMEOUT_S,
                private_allowed=True,
                max_bytes=MAX_TOKEN_ANSWER_BYTES,
            )
            token = manager.read_token(self._variable, answer, now)
            self._issued[scheme] = wanted, token
        bearer = (b"authorization", f"Bearer {token.text}".encode())
        return msgspec.structs.replace(request, headers=(*request.headers, bearer))

    def forget(self, scheme: str) -> None:
        """Forgets the token of a manager, which did not accept it."""
        self._issued.pop(scheme, None)


def _is_due(token: IssuedToken, now: datetime) -> bool:
    return token.expires_s - _RENEW_BEFORE_S <= now.timestamp()
