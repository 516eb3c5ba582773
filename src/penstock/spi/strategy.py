"""The interface of route strategies: which of several targets gets a call.

A strategy is pure and stateless. Strategies are entry points of the group `penstock.strategies`:
each names a function without arguments that returns a `RouteStrategy`.
"""

from collections.abc import Sequence
from typing import Protocol


class RouteCandidate(Protocol):
    """A target that may get the call. The values are those of this worker."""

    @property
    def id(self) -> str:
        """Names the target: the same in all workers."""
        ...

    @property
    def weight(self) -> int:
        """Its share, at least 0."""
        ...

    @property
    def in_flight(self) -> int:
        """Calls that it is answering."""
        ...

    @property
    def latency_s(self) -> float:
        """Recent time to the first token; 0 if unknown."""
        ...

    @property
    def recent_tokens(self) -> float:
        """Tokens of about the last minute."""
        ...

    def cost(self) -> float:
        """Estimated USD for this call; infinite if it is unpriced."""
        ...


class RoutedCall(Protocol):
    """The call that a strategy decides on."""

    def affinity(self) -> bytes:
        """Returns what calls have in common that should meet the same target: session, user, or
        the beginning of the prompt."""
        ...


class Randomness(Protocol):
    """A source of random numbers."""

    def random(self) -> float:
        """Returns a number of [0, 1)."""
        ...


class RouteStrategy(Protocol):
    """Chooses targets."""

    def choose(
        self, call: RoutedCall, candidates: Sequence[RouteCandidate], random: Randomness
    ) -> RouteCandidate:
        """Returns one of `candidates`, of which there is at least one."""
        ...
