"""The reservation of a call on the counters of its limits."""

import msgspec

from penstock.rules.limits.index import Amounts, CountedLimits
from penstock.spi.counters import Reservation


class Reserved(msgspec.Struct, frozen=True):
    """A reservation with the limits of its claims, in their order, and the estimate."""

    reservation: Reservation
    counted: CountedLimits
    estimate: Amounts
