"""The calls that wait for a target that is full: a short queue by priority.

Pure. The oldest call of the highest priority leaves first. A call that finds no space replaces the
newest one of the lowest priority, if that is below its own.
"""

from collections import Counter, OrderedDict
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeVar

from penstock.rules.priorities import Priority

_PART: Final = 5  # a fifth of the places, and at least one, stays free for other keys


class WaitingCall(Protocol):
    """A call in the queue."""

    @property
    def key(self) -> str:
        """Names the key of its caller."""
        ...

    @property
    def priority(self) -> Priority: ...


class NoPlace(StrEnum):
    """The reason why a call cannot wait."""

    FULL = "full"  # all places are taken by calls of its priority or a higher one
    KEY = "key"  # its key has used its share


W = TypeVar("W", bound=WaitingCall)


class CallQueue(Generic[W]):
    """`capacity` places for waiting calls. One key has at most four fifths of them, so that the
    calls of others find one."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._levels: dict[Priority, OrderedDict[W, None]] = {
            each: OrderedDict() for each in sorted(Priority, reverse=True)
        }
        self._of_keys: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(map(len, self._levels.values()))

    def waiting(self, priority: Priority) -> int:
        """Returns how many calls of a priority wait."""
        return len(self._levels[priority])

    def share(self) -> int:
        """Returns the places that one key may have."""
        return max(1, self.capacity - max(1, self.capacity // _PART))

    def add(self, call: W) -> W | NoPlace | None:
        """Adds a call. Returns the one that it replaces, if any, or why it cannot wait."""
        replaced: W | None = None
        if self._of_keys[call.key] >= self.share():
            replaced = self._lowest(call.priority, call.key)
            if replaced is None:
                return NoPlace.FULL if len(self) >= self.capacity else NoPlace.KEY
        elif len(self) >= self.capacity:
            replaced = self._lowest(call.priority, None)
            if replaced is None:
                return NoPlace.FULL
        if replaced is not None:
            self.discard(replaced)
        self._levels[call.priority][call] = None
        self._of_keys[call.key] += 1
        return replaced

    def discard(self, call: W) -> bool:
        """Removes a call. Returns whether it waited."""
        level = self._levels[call.priority]
        if call not in level:
            return False
        del level[call]
        self._of_keys[call.key] -= 1
        if not self._of_keys[call.key]:
            del self._of_keys[call.key]
        return True

    def first(self) -> W | None:
        """Returns the call that is served next."""
        for level in self._levels.values():
            if level:
                return next(iter(level))
        return None

    def _lowest(self, below: Priority, key: str | None) -> W | None:
        """Returns the newest call of the lowest priority below another one, of one key if it is
        given."""
        for priority in sorted(Priority):
            if priority >= below:
                return None
            for call in reversed(self._levels[priority]):
                if key is None or call.key == key:
                    return call
        return None
