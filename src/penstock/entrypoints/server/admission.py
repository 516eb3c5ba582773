"""Decides how large a request body may be, by path and credentials, before it is read."""

import re
from typing import Final

from anyio import to_thread
from fastapi import Request
from starlette.types import Scope

from penstock.entrypoints.server.config import ServerConfig
from penstock.features.access import Guards
from penstock.features.catalog.http.models import IMPORTS_PATH
from penstock.infra.web.bodies import BodyAllowance, BodyCapacity

_INTERNAL: Final = "/internal/"
_CALLS: Final = re.compile(r"/api/v1/projects/[^/]+/calls")
_ITEMS: Final = re.compile(r"/api/v1/projects/[^/]+/datasets/[^/]+/(changes|drafts/[^/]+/items)")


class ServerAdmission:
    """`/internal/` requires the gateway token. On other paths every client may send a small body
    (signing in needs one), and authenticated clients may send larger ones, the largest to import
    facts and prices, items of datasets, and to send calls."""

    def __init__(self, config: ServerConfig, guards: Guards) -> None:
        self._gateway = guards.gateway
        self._signed_in = guards.signed_in
        anonymous = BodyCapacity(config.anonymous_bodies_bytes)
        authenticated = BodyCapacity(config.authenticated_bodies_bytes)
        self._small = BodyAllowance(config.anonymous_body_limit_bytes, anonymous)
        self._large = BodyAllowance(config.body_limit_bytes, authenticated)
        self._import = BodyAllowance(config.import_limit_bytes, authenticated)
        self._batch = BodyAllowance(config.batch_limit_bytes, authenticated)

    def first(self, scope: Scope) -> BodyAllowance:
        """Returns the initial allowance. Raises `Unauthenticated` on `/internal/` without the
        gateway token."""
        if scope["path"].startswith(_INTERNAL):
            self._gateway(Request(scope))
            return self._batch
        return self._small

    async def more(self, scope: Scope) -> BodyAllowance:
        """Returns the allowance of an authenticated client. Raises `Unauthenticated` or `Forbidden`
        without a valid key or session."""
        if scope["path"].startswith(_INTERNAL):
            return self._batch
        await to_thread.run_sync(self._signed_in, Request(scope))
        path: str = scope["path"]
        large = path == IMPORTS_PATH or _ITEMS.fullmatch(path) or _CALLS.fullmatch(path)
        return self._import if large else self._large
