"""Rejects text that stores and responses cannot hold: NUL and lone surrogates.

Checked once for all routes. Python's JSON reader accepts both, and NaN, and any depth; databases
and UTF-8 encoding would fail on them later.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock.infra.web.problems import problem_response
from penstock.kernel.errors import InvalidRequest, PenstockError

MAX_DEPTH: Final = 40  # nesting depth of a body; the JSON schemas of prompts are the deepest
_API: Final = "/api/"

Json = (
    None | bool | int | float | str | list[Any] | dict[str, Any]
)  # nested values are checked later


class UnreadableInput(InvalidRequest):
    """Text or JSON that no route accepts."""

    status = 422


class CleanText:
    """ASGI middleware after `BodyLimit`: checks the path, the query and, under `/api/`, the body,
    which is JSON on every route that accepts one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_address(scope)
            first = await receive()
            _check_body(scope, first)
        except PenstockError as error:
            await problem_response(error)(scope, receive, send)
            return
        pending: list[Message] = [first]

        async def replayed() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replayed, send)


def _check_address(scope: Scope) -> None:
    path: str = scope["path"]
    query: bytes = scope.get("query_string", b"")
    if not _is_clean(path) or b"\0" in query or b"%00" in query:
        raise UnreadableInput("The URL contains characters that are not allowed.", param="path")


def _is_clean(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _check_body(scope: Scope, message: Message) -> None:
    body: bytes = message.get("body", b"")
    if not body or not scope["path"].startswith(_API):
        return
    if not _is_readable(body):
        raise UnreadableInput(
            "The request body is not valid JSON.",
            hint=f"Send UTF-8 without NUL and lone surrogates, nested at most {MAX_DEPTH} levels.",
            param="body",
        )


def _is_readable(body: bytes) -> bool:
    try:
        level: list[Json] = [
            msgspec.json.decode(body)
        ]  # rejects NaN, lone surrogates and invalid UTF-8
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    for _ in range(MAX_DEPTH):
        if any(isinstance(item, str) and "\0" in item for item in level):
            return False
        level = [part for item in level for part in _parts(item)]
        if not level:
            return True
    return False


def _parts(item: Json) -> Iterable[Json]:
    if isinstance(item, dict):
        return chain(item.keys(), item.values())
    return item if isinstance(item, list) else ()
