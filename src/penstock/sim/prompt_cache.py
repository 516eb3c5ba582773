"""The prompt cache: which prefixes of prompts were seen, and until when. It is bounded: the prefix
that was not used for the longest time is forgotten."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

_MOST: Final = 10_000  # prefixes


class PromptCache:
    """Prefixes of prompts by digest. `now_s` is the monotonic clock."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._ends: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def use(self, prefix: bytes) -> bool:
        """True if the cache holds the prefix. Its lifetime then begins again."""
        end, lifetime_s = self._ends.get(prefix, (0.0, 0.0))
        if end <= self._now_s():
            return False
        self.write(prefix, lifetime_s)
        return True

    def write(self, prefix: bytes, lifetime_s: float) -> None:
        """Keeps the prefix for `lifetime_s` seconds."""
        self._ends[prefix] = (self._now_s() + lifetime_s, lifetime_s)
        self._ends.move_to_end(prefix)
        if len(self._ends) > _MOST:
            self._ends.popitem(last=False)
