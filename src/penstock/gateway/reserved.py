"""The reservation of a call on the counters of its limits."""

from typing import NamedTuple

from penstock.rules.limits.index import Amounts, CountedLimits
from penstock.spi.counters import Reservation


class Reserved(NamedTuple):
    """A reservation with the limits of its claims, in their order, and the estimate."""

    reservation: Reservation
    counted: CountedLimits
    estimate: Amounts
