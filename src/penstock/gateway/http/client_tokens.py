"""Makes client tokens for the applications that have a key."""

from typing import Final

import msgspec

from penstock.gateway.call import Call
from penstock.gateway.pipeline import Pipeline
from penstock.gateway.snapshot.project_index import may_call_route
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.stages.read import read_body
from penstock.gateway.stages.reply import JSON, send_error, send_whole
from penstock.kernel.errors import Forbidden, PenstockError
from penstock.kernel.ids import new_id
from penstock.kernel.time import utc
from penstock.rules.client_tokens import (
    ClientToken,
    IssuedClientToken,
    WantedToken,
    new_token,
    read_wanted,
    sign,
)
from penstock.rules.models.patterns import allows
from penstock.rules.snapshot.access import KeyContext

MAX_BODY_BYTES: Final = 16 * 1024
_WILD: Final = frozenset("*?[")
_MS_NS: Final = 1_000_000


async def make_client_token(call: Call, pipeline: Pipeline) -> None:
    """Answers `POST /v1/client_tokens`."""
    try:
        snapshot = pipeline.snapshots.current
        key_context = pipeline.authenticate(call, snapshot)
    except PenstockError as error:
        await send_error(call, pipeline.record_failure(call, error))
        return
    try:
        pipeline.inflight.enter(call, key_context)
        body = await read_body(call, MAX_BODY_BYTES, pipeline.inflight)
        answer = _made(call, snapshot, key_context, read_wanted(body))
    except PenstockError as error:
        await send_error(call, error)
        return
    finally:
        call.over = True
        pipeline.inflight.leave(call)
    headers = [JSON, (b"cache-control", b"no-store")]
    await send_whole(call, 200, headers, msgspec.json.encode(answer))


def _made(
    call: Call, snapshot: Snapshot, key_context: KeyContext, wanted: WantedToken
) -> IssuedClientToken:
    """Raises `Forbidden` or `NotFound` for what the key itself does not allow."""
    if key_context.token is not None:
        raise Forbidden("A client token makes no client tokens.", hint="Use a key.")
    key = key_context.key
    for name, of_key, value in (
        ("use_case", key_context.caller.use_case, wanted.use_case),
        ("user", key_context.caller.user, wanted.user or key_context.caller.user),
    ):
        if of_key and value != of_key:
            raise Forbidden(
                f"The key is for the {name} {of_key!r}.",
                hint="Use a key that is for several, or this one.",
                code="client_token_too_wide",
                param=name,
            )
    for model in wanted.models:
        _require_model(model, snapshot, key_context)
    now_ms = call.start_ns // _MS_NS
    token_id = new_id(
        "ctk", call.start_ns, bytes.fromhex(call.span_id) + bytes.fromhex(call.trace_id)
    )
    token = new_token(wanted, token_id, key.digest, now_ms, key.expires_ms)
    return _answer(token, sign(token, snapshot.client_secret))


def _require_model(name: str, snapshot: Snapshot, key_context: KeyContext) -> None:
    """A pattern may match more than the key allows: at a call both must allow the model."""
    if not _WILD.isdisjoint(name):
        return
    project, allowed = snapshot.project(key_context.project_id), key_context.key.allowed_models
    if (route := project.routes.get(name)) is not None:
        permitted = may_call_route(allowed, route)
    else:
        found = project.resolve(name)
        permitted = allows(allowed, found.entry.name, found.upstream_model)
    if not permitted:
        raise Forbidden(
            f"The key may not call the model {name!r}.",
            hint=f"It may call: {', '.join(allowed)}.",
            code="client_token_too_wide",
            param="models",
        )


def _answer(token: ClientToken, text: str) -> IssuedClientToken:
    expires_at = utc(token.expires_ms // 1000)
    return IssuedClientToken(
        token.id, text, expires_at, (token.expires_ms - token.issued_ms) // 1000
    )
