"""Fair admission to one capacity: each project and key is limited to a share of it.

The rule of shared packet buffers (dynamic thresholds, Choudhury and Hahne 1998): a user may grow
while its usage is at most `ratio` times the free capacity. The rule needs no list of active users,
always leaves capacity for new ones, and rejects the largest user first.
"""

import math
from enum import StrEnum
from typing import Final

_WHOLE: Final = 1.0


class ShareRejection(StrEnum):
    """The reason why nothing was taken."""

    FULL = "full"  # the capacity is used up
    PROJECT = "project"  # the project has used its share
    KEY = "key"  # the key has used its share


def ratio_of(share: float) -> float:
    """The ratio at which a user that is alone gets `share` (0 to 1) of the capacity."""
    return math.inf if share >= _WHOLE else share / (_WHOLE - share)


class Shares:
    """`capacity` in any unit, divided among projects and, within them, among keys.

    `project_share` and `key_share` are the limits for one that is alone; two that want everything
    get `r / (1 + 2 r)` each, with r = share / (1 - share). Projects and keys without usage take no
    memory.
    """

    __slots__ = ("_key_ratio", "_keys", "_project_ratio", "_projects", "capacity", "used")

    def __init__(self, capacity: int, project_share: float, key_share: float) -> None:
        self.capacity = capacity
        self.used = 0
        self._project_ratio = ratio_of(project_share)
        self._key_ratio = ratio_of(key_share)
        self._projects: dict[str, int] = {}
        self._keys: dict[str, int] = {}

    def take(self, project: str, key: str, amount: int = 1) -> ShareRejection | None:
        """Takes `amount`, or takes nothing and returns the reason. A key has one project."""
        free = self.capacity - self.used
        if amount > free:
            return ShareRejection.FULL
        of_project = self._projects.get(project, 0) + amount
        if of_project > self._project_ratio * free:
            return ShareRejection.PROJECT
        of_key = self._keys.get(key, 0) + amount
        if of_key > self._key_ratio * free:
            return ShareRejection.KEY
        self._projects[project] = of_project
        self._keys[key] = of_key
        self.used += amount
        return None

    def release(self, project: str, key: str, amount: int = 1) -> None:
        """Frees an amount that was taken."""
        self.used -= amount
        _lower(self._projects, project, amount)
        _lower(self._keys, key, amount)

    def held(self, project: str) -> int:
        """The amount that a project uses now."""
        return self._projects.get(project, 0)


def _lower(usage: dict[str, int], user: str, amount: int) -> None:
    left = usage[user] - amount
    if left:
        usage[user] = left
    else:
        del usage[user]
