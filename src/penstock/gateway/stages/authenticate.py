"""Stage 1: whose call is it? A virtual key opens a project."""

from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.caller import read_caller
from penstock.gateway.project_view import Grant
from penstock.gateway.snapshot import Snapshot
from penstock.kernel.errors import Unauthenticated

_HINT: Final = (
    "Make one with `penstock key create` or in the console, "
    "and send it as `Authorization: Bearer <key>`."
)


class Authenticate:
    """Finds the grant of the presented key.

    Grants are remembered by the header that opened them, as long as the snapshot stands: the
    digest of a key takes a twentieth of a call. Only valid keys are remembered.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._known: dict[bytes, Grant] = {}

    def __call__(self, call: Call, snapshot: Snapshot) -> Grant:
        """`Unauthenticated` without a valid key; an expired one is booked where it belonged."""
        if snapshot is not self._snapshot:
            self._snapshot, self._known = snapshot, {}
        call.snapshot = snapshot
        presented = call.headers.get(b"authorization", b"")
        grant = call.grant = self._known.get(presented) or self._look_up(presented, snapshot)
        call.caller = read_caller(call.headers, grant.key if grant else None)
        if grant is None:
            what = "is wrong or revoked" if presented else "is missing"
            raise Unauthenticated(f"The API key {what}.", hint=_HINT)
        expires_ms = grant.key.expires_ms
        if expires_ms is not None and call.start_ns >= expires_ms * 1_000_000:
            raise Unauthenticated("The API key has expired.", hint=_HINT, code="api_key_expired")
        return grant

    def _look_up(self, presented: bytes, snapshot: Snapshot) -> Grant | None:
        scheme, _, key = presented.partition(b" ")
        if scheme.lower() != b"bearer" or not key:
            return None
        grant = snapshot.find_any_key(key.strip().decode("latin-1"))
        if grant is not None:
            self._known[presented] = grant
        return grant
