"""Seeded random numbers: the same seed gives the same numbers on every machine and version."""

import hashlib
from collections.abc import Sequence
from typing import Final, TypeVar

_T = TypeVar("_T")
_MASK: Final = (1 << 64) - 1
_STEP: Final = 0x9E3779B97F4A7C15


def digest(*parts: bytes | str | int) -> bytes:
    """Hashes the parts to 16 bytes. Part boundaries count: `("a", "b")` differs from `("ab",)`."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.digest()


class SeededRandom:
    """A pseudo-random generator (SplitMix64, Steele et al. 2014) seeded by the given parts."""

    __slots__ = ("_state",)

    def __init__(self, *parts: bytes | str | int) -> None:
        self._state = int.from_bytes(digest(*parts)[:8], "little")

    def below(self, limit: int) -> int:
        """Returns an integer from 0 to `limit - 1`."""
        return self._next() % limit

    def between(self, low: int, high: int) -> int:
        """Returns an integer from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def fraction(self) -> float:
        """Returns a number from 0 to below 1."""
        return (self._next() >> 11) / (1 << 53)

    def pick(self, choices: Sequence[_T]) -> _T:
        """Returns one of `choices`."""
        return choices[self.below(len(choices))]

    def _next(self) -> int:
        self._state = (self._state + _STEP) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)
