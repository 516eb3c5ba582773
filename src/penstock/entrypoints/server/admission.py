"""How large a body a caller may send, judged before it is read: by path and credentials."""

from typing import Final

from anyio import to_thread
from fastapi import Request
from starlette.types import Scope

from penstock.entrypoints.server.config import ServerConfig
from penstock.entrypoints.server.gateway_token import GatewayToken
from penstock.features.identity.http.access import SignedIn
from penstock.infra.web.bodies import BodyAllowance, BodyCapacity

_INTERNAL: Final = "/internal/"


class ServerAdmission:
    """`/internal/` is for gateways, and for nobody else from the first byte on. Elsewhere anybody
    may send a small body (signing in needs one); more than that, whoever proves who they are."""

    def __init__(self, config: ServerConfig, gateway: GatewayToken, signed_in: SignedIn) -> None:
        self._gateway = gateway
        self._signed_in = signed_in
        strangers, known = (
            BodyCapacity(config.stranger_bodies_bytes),
            BodyCapacity(config.known_bodies_bytes),
        )
        self._small = BodyAllowance(config.stranger_body_limit_bytes, strangers)
        self._large = BodyAllowance(config.body_limit_bytes, known)
        self._batch = BodyAllowance(config.batch_limit_bytes, known)

    def first(self, scope: Scope) -> BodyAllowance:
        """`Unauthenticated` on `/internal/` without the gateway token."""
        if scope["path"].startswith(_INTERNAL):
            self._gateway(Request(scope))
            return self._batch
        return self._small

    async def more(self, scope: Scope) -> BodyAllowance:
        """`Unauthenticated` or `Forbidden` without a key or session that may change something."""
        if scope["path"].startswith(_INTERNAL):
            return self._batch
        await to_thread.run_sync(self._signed_in, Request(scope))
        return self._large
