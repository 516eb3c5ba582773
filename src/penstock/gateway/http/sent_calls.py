"""Calls that the server sends for a person or a job, as one of the project's keys.

They take the way of all calls: limits, budgets, guardrails and records of this key hold for them.
Only the authentication differs: the gateway token says that the server has checked who may do it.
A call token says so for one key and some minutes; machines that do evaluation runs have it.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import msgspec

from penstock.gateway.call import Call, Receive, Send
from penstock.gateway.caller import read_caller
from penstock.gateway.http.internal import error_document, require_token, send_document
from penstock.gateway.http.routes import Routes
from penstock.gateway.ids import Ids
from penstock.gateway.pipeline import Pipeline
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.kernel.errors import NotFound, PenstockError, Unauthenticated
from penstock.rules.call_tokens import PREFIX, verified
from penstock.rules.replay import ANSWER_COST, ANSWER_SPAN, SENT_AS, SENT_RELEASE, SENT_TO
from penstock.rules.snapshot.access import KeyContext
from penstock.spi.surface import NO_CALLS

_CALL_TOKEN: Final = PREFIX.encode()
_OWN: Final = frozenset((b"authorization", SENT_TO))


class SentCalls:
    """Serves calls of the server by the pipeline of all calls."""

    def __init__(
        self, routes: Routes, pipeline: Pipeline, ids: Ids, token: str, call_secret: bytes
    ) -> None:
        """`call_secret` signs call tokens."""
        self._routes = routes
        self._pipeline = replace(pipeline, authenticate=authenticate_as)
        self._ids = ids
        self._token = token
        self._call_secret = call_secret

    async def answer(
        self, method: str, headers: Mapping[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        """Answers one call: with the answer of its surface, or with an internal error if there is
        no such path."""
        try:
            call = self._call(self._admitted(method, headers), receive, send)
        except PenstockError as error:
            await send_document(send, error.status, error_document(error))
            return
        call.send = _with_facts(call, send)
        await self._pipeline.serve(call)

    def _admitted(self, method: str, headers: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        """Returns the headers with the key that a call token is for. Raises `Unauthenticated`
        without one that is valid, or the gateway token."""
        _, _, given = headers.get(b"authorization", b"").partition(b" ")
        if method != "POST" or not given.startswith(_CALL_TOKEN):
            require_token(method, headers, self._token)
            return headers
        token = verified(given, self._call_secret)
        if token is None or self._pipeline.clock.now_ns() >= token.expires_s * 1e9:
            raise Unauthenticated(
                "The call token is wrong or has expired.", code="call_token_invalid"
            )
        sent_as = f"{token.project_id}/{token.key_id}".encode("latin-1", "replace")
        return {**headers, SENT_AS: sent_as}

    def _call(self, headers: Mapping[bytes, bytes], receive: Receive, send: Send) -> Call:
        raw_path, _, query = headers.get(SENT_TO, b"").partition(b"?")
        path = raw_path.decode("latin-1")
        passed = {name: value for name, value in headers.items() if name not in _OWN}
        surface, route = self._routes.find(path, passed)
        if surface is None or route is None or route.method != "POST":
            raise NotFound(f"The gateway takes no calls at {path[:256]!r}.", code="path_not_found")
        if route.operation in NO_CALLS:
            raise NotFound(f"{path[:256]!r} takes no calls of models.", code="path_not_found")
        return Call(
            surface,
            route.operation,
            passed,
            receive,
            send,
            ids=self._ids,
            start_ns=self._pipeline.clock.now_ns(),
            path=path,
            query=query,
            raw_path=raw_path,
        )


def authenticate_as(call: Call, snapshot: Snapshot) -> KeyContext:
    """Finds the key that the server names. Raises `Unauthenticated` if it is unknown or expired."""
    call.snapshot = snapshot
    project_id, _, key_id = call.headers.get(SENT_AS, b"").decode("latin-1").partition("/")
    found = call.key_context = snapshot.key_of_id(project_id, key_id)
    call.caller = read_caller(call.headers, found)
    if release := call.headers.get(SENT_RELEASE):
        others = call.caller.others | {"release": release.decode("latin-1")[:64]}
        call.caller = msgspec.structs.replace(call.caller, others=others)
    if found is None:
        raise Unauthenticated(
            "The gateway knows no such key of this project.",
            hint="A new key is known within a second. Choose another one.",
        )
    expires_ms = found.key.expires_ms
    if expires_ms is not None and call.start_ns >= expires_ms * 1_000_000:
        raise Unauthenticated("The API key has expired.", code="api_key_expired")
    return found


def _with_facts(call: Call, send: Send) -> Send:
    """Sends with the id of the call's span, and what its answer has cost, if that is known."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"].append((ANSWER_SPAN, call.span_id.encode("ascii")))
            if cost := _paid(call):
                message["headers"].append((ANSWER_COST, cost.encode("ascii")))
        await send(message)

    return sending


def _paid(call: Call) -> str:
    if call.cache is not None and call.cache.found is not None:
        return call.cache.found.saved
    costs = [attempt.cost for attempt in call.attempts]
    return format(sum(map(Decimal, costs), Decimal(0)), "f") if all(costs) and costs else ""
