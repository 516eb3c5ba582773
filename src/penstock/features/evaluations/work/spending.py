"""What a run has spent, and its cap."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from penstock.kernel.errors import RateLimited


class CostCapReached(RateLimited):
    """The cost cap of the run does not allow another call."""

    default_code = "cost_cap_reached"


class RunSpending:
    """Sums of cost in USD. A call begins only if the mean cost of the calls so far fits for it and
    for those that are under way, so that the cap is passed by less than one unusual call."""

    def __init__(self, spent_usd: float, cap_usd: float) -> None:
        self.usd = spent_usd
        self._cap = cap_usd
        self._calls = 0
        self._paid = 0.0
        self._open = 0
        self.refused = False  # a call that the cap does not allow

    @asynccontextmanager
    async def reserved(self) -> AsyncGenerator[None]:
        """Reserves the mean cost for a call. Raises `CostCapReached` if it passes the cap."""
        if self._cap > 0 and self.usd + (self._open + 1) * self._mean() > self._cap:
            self.refused = True
            raise CostCapReached(f"The cost cap of {self._cap:g} USD is reached.")
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    def add(self, usd: float) -> None:
        """Adds what a call has cost."""
        self.usd += usd
        self._paid += usd
        self._calls += 1

    def _mean(self) -> float:
        return self._paid / self._calls if self._calls else 0.0
