"""Weighted rendezvous hashing: units are divided among named options by weight, without a table.

Sources: D. Thaler and C. Ravishankar, Using Name-Based Mappings to Increase Hit Rates (1998);
weights: J. Resch, New Hashing Algorithms for Data Storage (2015).
"""

from hashlib import blake2b
from math import log
from typing import Final, Protocol

_DISCARDED_BITS: Final = 12  # 52 bits remain, so that the number below is never 0 and never 1
_STEP: Final = 2.0**-52


class KeyedHash(Protocol):
    """A hash of `hashlib` that began with a key."""

    def copy(self) -> "KeyedHash":
        """Returns the same state again."""
        ...

    def update(self, data: bytes, /) -> None:
        """Reads more."""
        ...

    def digest(self) -> bytes:
        """Returns the hash of what was read."""
        ...


def hash_of_option(name: bytes) -> KeyedHash:
    """Returns the hash of one option, for `waiting_time`."""
    return blake2b(digest_size=8, key=blake2b(name).digest())


def waiting_time(option: KeyedHash, unit: bytes) -> float:
    """Returns a number above 0 that is fixed for the option and the unit, and exponentially
    distributed over units. The option with the least time divided by its weight gets the unit."""
    hashed = option.copy()
    hashed.update(unit)
    uniform = ((int.from_bytes(hashed.digest(), "big") >> _DISCARDED_BITS) + 0.5) * _STEP
    return -log(uniform)
