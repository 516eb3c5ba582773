"""Stage 1 for client tokens: find the key that made one, and hold it to its origins and models."""

from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.caller import read_client_caller
from penstock.gateway.snapshot.project_index import may_call_route
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.target import Target
from penstock.kernel.errors import Forbidden, PenstockError, Unauthenticated
from penstock.rules.client_tokens import CLOCKS_DIFFER_S, PREFIX, ClientToken, verified
from penstock.rules.models.patterns import allows
from penstock.rules.snapshot.access import KeyContext

ORIGIN: Final = b"origin"
CLIENT_TOKEN: Final = PREFIX.encode()
_WEB_ORIGINS: Final = (b"http://", b"https://", b"null")  # others are applications and extensions
_MS_NS: Final = 1_000_000


def authenticate_client(call: Call, snapshot: Snapshot, presented: bytes) -> KeyContext:
    """Returns the key context of a client token. Raises `Unauthenticated` for one that is not
    valid, `Forbidden` for one of another origin. Sets `call.origin`, so that a page that the token
    is for can read the answer, errors too."""
    token = verified(presented, snapshot.client_secret)
    if token is None:
        raise Unauthenticated("The client token is wrong.", hint=_RENEW)
    header = call.headers.get(ORIGIN)
    if token.origins and header is not None and header.decode("latin-1") in token.origins:
        call.origin = header
    key_context = snapshot.keys.get(token.key)
    if key_context is None:
        raise Unauthenticated("The key that made this client token is not valid any more.")
    key_context = call.key_context = key_context.for_client(token)
    call.caller = read_client_caller(call.headers, key_context)
    if token.id in snapshot.revoked_tokens(key_context.project_id):
        raise Unauthenticated(
            "The client token is revoked.", hint=_RENEW, code="client_token_revoked"
        )
    if error := _problem(call, token, key_context, header):
        raise error
    return key_context


def reject_web_page(call: Call) -> None:
    """Raises `Forbidden` for a call that a web page makes with a key."""
    if call.headers[ORIGIN].startswith(_WEB_ORIGINS):
        raise Forbidden(
            "A web page may not use a key: everybody who opens it could read the key.",
            hint="Let your application make client tokens for it (POST /v1/client_tokens).",
            code="key_in_web_page",
        )


def require_for_client(token: ClientToken, call: Call, target: Target) -> None:
    """Raises `Forbidden` if a token is not for the model or route of a call."""
    if call.route is not None:
        allowed = may_call_route(token.models, call.route.entry)
    else:
        allowed = allows(token.models, target.entry.name, target.model)
    if not allowed:
        raise Forbidden(
            "This client token may not call the model.",
            hint=f"It may call: {', '.join(token.models)}.",
            code="model_not_allowed",
            param="model",
        )


_RENEW: Final = "Get a new one from the application that makes them."


def _problem(
    call: Call, token: ClientToken, key_context: KeyContext, header: bytes | None
) -> PenstockError | None:
    now_ms = call.start_ns // _MS_NS
    key_expires_ms = key_context.key.expires_ms
    if now_ms >= token.expires_ms or (key_expires_ms is not None and now_ms >= key_expires_ms):
        return Unauthenticated(
            "The client token has expired.", hint=_RENEW, code="client_token_expired"
        )
    if token.issued_ms > now_ms + CLOCKS_DIFFER_S * 1000:
        return Unauthenticated(
            "The client token is of a later time than the gateway's clock.",
            hint="Compare the clocks of the gateways.",
            code="client_token_not_yet_valid",
        )
    if not token.admits_origin(None if header is None else header.decode("latin-1")):
        return Forbidden(
            "The client token is not for this origin.",
            hint=f"It is for: {', '.join(token.origins) or 'requests without the header Origin'}.",
            code="origin_not_allowed",
        )
    return None
