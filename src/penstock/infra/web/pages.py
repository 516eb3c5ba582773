"""Cursor pages: `{"items": [...], "next_cursor": null}`. Cursors are opaque to clients."""

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

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Maximum number of items.")]
Cursor = Annotated[str, Query(max_length=400, description="`next_cursor` of the previous page.")]


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = None


def encode_cursor(position: str) -> str:
    """Returns the cursor of a position."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Returns the position of a cursor, empty for an empty one. Raises `InvalidRequest` if it is
    not valid."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    if "\0" in position:  # PostgreSQL rejects NUL
        raise _invalid()
    return position


def decode_position(cursor: str) -> int | None:
    """Returns the number in a cursor of a list ordered by number, `None` for an empty one."""
    text = decode_cursor(cursor)
    if not text:
        return None
    if not text.isdecimal() or len(text) > _POSITION_DIGITS:
        raise _invalid()
    return int(text)


def page_of(
    found: Sequence[Source],
    limit: int,
    show: Callable[[Source], Item],
    position: Callable[[Source], str],
) -> Page[Item]:
    """Returns a page of `limit` items; `found` has one more if there is a next page."""
    shown = found[:limit]
    more = len(found) > limit
    cursor = encode_cursor(position(shown[-1])) if more else None
    return Page(items=[show(item) for item in shown], next_cursor=cursor)


def _invalid() -> InvalidRequest:
    return InvalidRequest(
        "The cursor is not valid.", hint="Start without a cursor.", param="cursor"
    )
