"""Seeded drawing: the same parts give the same draws on every machine and Python version."""

import hashlib
from collections.abc import Sequence
from typing import Final, TypeVar

_T = TypeVar("_T")
_MASK: Final = (1 << 64) - 1
_STEP: Final = 0x9E3779B97F4A7C15


def digest(*parts: bytes | str | int) -> bytes:
    """16 bytes that depend on every part and on where one part ends and the next begins."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.digest()


class SeededRandom:
    """A stream of numbers from a seed (SplitMix64, Steele et al. 2014)."""

    __slots__ = ("_state",)

    def __init__(self, *parts: bytes | str | int) -> None:
        self._state = int.from_bytes(digest(*parts)[:8], "little")

    def below(self, limit: int) -> int:
        """An integer from 0 to `limit - 1`."""
        return self._next() % limit

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def fraction(self) -> float:
        """A number from 0 to below 1."""
        return (self._next() >> 11) / (1 << 53)

    def pick(self, choices: Sequence[_T]) -> _T:
        """One of `choices`."""
        return choices[self.below(len(choices))]

    def _next(self) -> int:
        self._state = (self._state + _STEP) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)
