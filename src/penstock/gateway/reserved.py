"""The reservation of a call on the counters of its limits."""

from collections.abc import Sequence
from typing import NamedTuple

from penstock.rules.limits.index import Amounts, Limit
from penstock.spi.counters import Reservation


class CountedLimit(NamedTuple):
    """A limit that counts a call, with the values of the call that have a counter of their own."""

    limit: Limit
    values: tuple[str, ...]


class Reserved(NamedTuple):
    """A reservation with the limits of its claims, in their order, and the estimate."""

    reservation: Reservation
    counted: Sequence[CountedLimit]
    estimate: Amounts
