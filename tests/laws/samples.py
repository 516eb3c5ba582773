"""Draws scripts by hypothesis, many at a time: they run side by side, so that what one call does
to the others is seen. The same seed draws the same scripts."""

import hashlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.laws.callers import CallerScript, calls
from tests.laws.providers import ProviderScript, answers

BATCH: Final = 256  # calls that are judged together
MEETS: Final = (
    4  # how many providers each caller of a batch meets: drawing takes longer than calling
)


class Sample(NamedTuple):
    """One call: what its caller does, and what the provider does should it be asked."""

    trace_id: str
    caller: CallerScript
    provider: ProviderScript


def batches(count: int, number: int) -> Iterator[list[Sample]]:
    """`count` calls in batches. `number` is the seed of the first batch; each further one has the
    next number, so that any batch can be drawn again alone."""
    for at in range(0, count, BATCH):
        yield batch(min(BATCH, count - at), number + at // BATCH)


def batch(count: int, number: int) -> list[Sample]:
    """The calls of one seed: each caller that was drawn meets MEETS of the providers."""
    drawn: list[tuple[CallerScript, ProviderScript]] = []

    @seed(number)
    @settings(
        max_examples=-(-count // MEETS),
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(), answers())
    def collect(caller: CallerScript, provider: ProviderScript) -> None:
        drawn.append((caller, provider))

    collect()
    callers, providers = zip(*drawn, strict=True)
    pairs = (
        (caller, providers[(at + 7 * turn) % len(providers)])
        for turn in range(MEETS)
        for at, caller in enumerate(callers)
    )
    return [Sample(_trace(number, at), *pair) for at, pair in enumerate(pairs)][:count]


def _trace(number: int, at: int) -> str:
    """A trace id that says which script it was, and differs from run to run of other seeds."""
    return hashlib.sha256(f"{number}.{at}".encode()).hexdigest()[:32]
