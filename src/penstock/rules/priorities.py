"""The priority of a call: which calls are served first where too many wait."""

from enum import IntEnum
from typing import Final

PRIORITY_HEADER: Final = "x-penstock-priority"


class Priority(IntEnum):
    """Higher ones are served first."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


PRIORITIES: Final = {each.name.lower(): each for each in Priority}


def priority_of(of_key: str, asked: bytes | None) -> Priority:
    """Returns the priority of a call. `of_key` is the highest that its key may have, and the one
    that it has if it asks for none, for a higher one, or for one that does not exist."""
    highest = PRIORITIES.get(of_key, Priority.NORMAL)
    if asked is None:
        return highest
    return min(highest, PRIORITIES.get(asked.decode("latin-1").strip().lower(), highest))
