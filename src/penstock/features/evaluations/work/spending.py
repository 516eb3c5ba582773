"""What a run has spent, and its cap."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from penstock.kernel.errors import RateLimited


class CostCapReached(RateLimited):
    """The cost cap of the run does not allow another call."""

    default_code = "cost_cap_reached"


class RunSpending:
    """Sums of cost in USD. A call begins only if the mean cost of the calls so far fits for it and
    for those that are under way, so that the cap is passed by less than one unusual call."""

    def __init__(self, spent_usd: float, cap_usd: float, mean_usd: float = 0.0) -> None:
        """`mean_usd`: of a call, until one has ended here."""
        self.usd = spent_usd
        self._cap = cap_usd
        self._mean_before = mean_usd
        self.calls = 0
        self._paid = 0.0
        self._open = 0
        self._shares: list[float] = []  # of batches that are under way elsewhere
        self.refused = False  # a call that the cap does not allow

    @asynccontextmanager
    async def reserved(self) -> AsyncGenerator[None]:
        """Reserves the mean cost for a call. Raises `CostCapReached` if it passes the cap."""
        if self._cap > 0 and self.usd + (self._open + 1) * self.mean > self._cap:
            self.refused = True
            raise CostCapReached(f"The cost cap of {self._cap:g} USD is reached.")
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    @contextmanager
    def share(self, places: int) -> Generator[float]:
        """Reserves an equal part of what is left, for one of so many batches at once; 0 without a
        cap. Raises `CostCapReached` if nothing is left."""
        if self._cap <= 0:
            yield 0.0
            return
        left = self._cap - self.usd - sum(self._shares)
        if left <= 0:
            self.refused = True
            raise CostCapReached(f"The cost cap of {self._cap:g} USD is reached.")
        part = left / max(1, places - len(self._shares))
        self._shares.append(part)
        try:
            yield part
        finally:
            self._shares.remove(part)

    def add(self, usd: float, calls: int = 1) -> None:
        """Adds what a call has cost, or several together."""
        self.usd += usd
        self._paid += usd
        self.calls += calls

    @property
    def mean(self) -> float:
        """Returns the mean cost of a call; 0 while it is unknown."""
        return self._paid / self.calls if self.calls else self._mean_before
