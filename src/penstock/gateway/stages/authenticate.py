"""Stage 1: whose call is it? A virtual key opens a project."""

from penstock.gateway.call import Call
from penstock.gateway.caller import read_caller
from penstock.gateway.project_view import Grant
from penstock.gateway.snapshot import Snapshot
from penstock.kernel.errors import Unauthenticated

_HINT = (
    "Make one with `penstock key create` or in the console, "
    "and send it as `Authorization: Bearer <key>`."
)


def authenticate(call: Call, snapshot: Snapshot) -> Grant:
    """Finds the grant, and for whom the call is made. `Unauthenticated` without a valid key.

    A call with an expired key is booked where the key belonged.
    """
    call.snapshot = snapshot
    scheme, _, presented = call.headers.get(b"authorization", b"").partition(b" ")
    key = presented.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""
    grant = call.grant = snapshot.find_any_key(key) if key else None
    call.caller = read_caller(call.headers, grant.key if grant else None)
    if grant is None:
        what = "is wrong or revoked" if key else "is missing"
        raise Unauthenticated(f"The API key {what}.", hint=_HINT)
    expires_ms = grant.key.expires_ms
    if expires_ms is not None and call.start_ns >= expires_ms * 1_000_000:
        raise Unauthenticated("The API key has expired.", hint=_HINT, code="api_key_expired")
    return grant
