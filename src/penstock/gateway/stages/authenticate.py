"""Stage 1: find the project by the virtual key."""

from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.caller import read_caller
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.stages.client_token import (
    CLIENT_TOKEN,
    ORIGIN,
    authenticate_client,
    reject_web_page,
)
from penstock.kernel.errors import Unauthenticated
from penstock.rules.snapshot.access import KeyContext

# Our keys have 46 characters; a secret longer than this is not hashed.
MAX_SECRET_BYTES: Final = 256
# Valid keys in the cache of one worker, at most 256 bytes each. A full cache is cleared.
MAX_REMEMBERED: Final = 4096


class Authenticate:
    """Finds the key context of the presented key.

    Caches key contexts by secret until the snapshot changes, because the digest of a key takes
    5 % of a call. Only valid keys are cached.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._known: dict[bytes, KeyContext] = {}

    def __call__(self, call: Call, snapshot: Snapshot) -> KeyContext:
        """Raises `Unauthenticated` without a valid key or client token, `Forbidden` for a web page
        that may not use it. `call.key_context` is set for an expired key too, so that its project
        gets the record."""
        if snapshot is not self._snapshot:
            self._snapshot, self._known = snapshot, {}
        call.snapshot = snapshot
        presented = call.surface.credential(call.headers, call.query)
        secret = presented or b""
        if secret.startswith(CLIENT_TOKEN):
            return authenticate_client(call, snapshot, secret)
        key_context = call.key_context = self._known.get(secret) or self._look_up(secret, snapshot)
        call.caller = read_caller(call.headers, key_context)
        if key_context is None:
            what = "is missing" if presented is None else "is wrong or revoked"
            raise Unauthenticated(f"The API key {what}.", hint=_hint(call))
        expires_ms = key_context.key.expires_ms
        if expires_ms is not None and call.start_ns >= expires_ms * 1_000_000:
            self._known.pop(secret, None)
            raise Unauthenticated(
                "The API key has expired.", hint=_hint(call), code="api_key_expired"
            )
        if ORIGIN in call.headers:
            reject_web_page(call)
        return key_context

    def _look_up(self, secret: bytes, snapshot: Snapshot) -> KeyContext | None:
        if not 0 < len(secret) <= MAX_SECRET_BYTES:
            return None
        key_context = snapshot.find_any_key(secret.decode("latin-1"))
        if key_context is not None:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[secret] = key_context
        return key_context


def _hint(call: Call) -> str:
    return (
        "Create one with `penstock key create` or in the console, "
        f"and send it as `{call.surface.credential_hint}`."
    )
