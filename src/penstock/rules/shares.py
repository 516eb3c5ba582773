"""Fair admission: one capacity, and nobody takes more of it than a share while others wait.

The rule of shared packet buffers (dynamic thresholds, Choudhury and Hahne 1998): a holder may grow
as long as it then holds at most `ratio` times what is free. It needs no list of who is active,
always leaves room for somebody new, and whoever holds most is refused first.
"""

import math
from enum import StrEnum
from typing import Final

_WHOLE: Final = 1.0


class ShareRefusal(StrEnum):
    """Why nothing was taken."""

    FULL = "full"  # the capacity is used up
    PROJECT = "project"  # the project holds its share
    KEY = "key"  # the key holds its share


def ratio_of(share: float) -> float:
    """The rule's ratio that lets a holder alone have `share` (0 to 1) of the capacity."""
    return math.inf if share >= _WHOLE else share / (_WHOLE - share)


class Shares:
    """`capacity` in any unit, divided among projects and, within them, among keys.

    `project_share` and `key_share` are what one may hold while nobody else holds any; two that
    want everything get `r / (1 + 2 r)` each, with r = share / (1 - share). Only holders of
    something are kept in memory.
    """

    __slots__ = ("_key_ratio", "_keys", "_project_ratio", "_projects", "capacity", "used")

    def __init__(self, capacity: int, project_share: float, key_share: float) -> None:
        self.capacity = capacity
        self.used = 0
        self._project_ratio = ratio_of(project_share)
        self._key_ratio = ratio_of(key_share)
        self._projects: dict[str, int] = {}
        self._keys: dict[str, int] = {}

    def take(self, project: str, key: str, amount: int = 1) -> ShareRefusal | None:
        """Takes `amount`, or says why not and takes nothing. `key` is unique over projects."""
        free = self.capacity - self.used
        if amount > free:
            return ShareRefusal.FULL
        of_project = self._projects.get(project, 0) + amount
        if of_project > self._project_ratio * free:
            return ShareRefusal.PROJECT
        of_key = self._keys.get(key, 0) + amount
        if of_key > self._key_ratio * free:
            return ShareRefusal.KEY
        self._projects[project] = of_project
        self._keys[key] = of_key
        self.used += amount
        return None

    def release(self, project: str, key: str, amount: int = 1) -> None:
        """Returns what was taken."""
        self.used -= amount
        _lower(self._projects, project, amount)
        _lower(self._keys, key, amount)

    def held(self, project: str) -> int:
        """What a project holds."""
        return self._projects.get(project, 0)


def _lower(holders: dict[str, int], holder: str, amount: int) -> None:
    left = holders[holder] - amount
    if left:
        holders[holder] = left
    else:
        del holders[holder]
