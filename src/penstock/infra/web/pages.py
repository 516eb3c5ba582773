"""Cursor pages: `{"items": [...], "next_cursor": null}`. A cursor is opaque to callers."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from penstock.kernel.errors import InvalidRequest

MAX_LIMIT = 500
_POSITION_DIGITS = 18  # fit into 64 bits

Item = TypeVar("Item")
Source = TypeVar("Source")

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")]
Cursor = Annotated[str, Query(max_length=400, description="`next_cursor` of the page before.")]


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None = None


def encode_cursor(position: str) -> str:
    """The cursor for what follows `position`."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The position behind a cursor, empty for none; `InvalidRequest` if it is no cursor."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _unreadable() from error
    if "\0" in position:  # PostgreSQL takes none, and no position of ours has one
        raise _unreadable()
    return position


def decode_position(cursor: str) -> int | None:
    """The number behind a cursor of a list in the order of numbers, `None` for none."""
    text = decode_cursor(cursor)
    if not text:
        return None
    if not text.isdecimal() or len(text) > _POSITION_DIGITS:
        raise _unreadable()
    return int(text)


def page_of(
    found: Sequence[Source],
    limit: int,
    show: Callable[[Source], Item],
    position: Callable[[Source], str],
) -> Page[Item]:
    """A page of `limit` items out of up to `limit + 1` that were found."""
    shown = found[:limit]
    more = len(found) > limit
    cursor = encode_cursor(position(shown[-1])) if more else None
    return Page(items=[show(item) for item in shown], next_cursor=cursor)


def _unreadable() -> InvalidRequest:
    return InvalidRequest("The cursor cannot be read.", hint="Start without one.", param="cursor")
