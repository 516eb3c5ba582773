"""Generates batches of scripts with hypothesis. The calls of a batch run concurrently, to show how
they affect each other. The same seed generates the same scripts."""

import hashlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.laws.callers import CallerScript, calls
from tests.laws.providers import ProviderScript, answers

BATCH: Final = 256  # calls that run and are checked together
PROVIDERS_PER_CLIENT: Final = (
    4  # providers per client script: generating a script takes longer than a call
)


class Sample(NamedTuple):
    """One call: the scripts of its client and of its provider."""

    trace_id: str
    caller: CallerScript
    provider: ProviderScript


def batches(count: int, number: int) -> Iterator[list[Sample]]:
    """Yields `count` calls in batches. `number` is the seed of the first batch; each next batch has
    the next number, so that any batch can be repeated alone."""
    for at in range(0, count, BATCH):
        yield batch(min(BATCH, count - at), number + at // BATCH)


def batch(count: int, number: int) -> list[Sample]:
    """Returns the calls of one seed: each client script with several provider scripts."""
    drawn: list[tuple[CallerScript, ProviderScript]] = []

    @seed(number)
    @settings(
        max_examples=-(-count // PROVIDERS_PER_CLIENT),
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
        for turn in range(PROVIDERS_PER_CLIENT)
        for at, caller in enumerate(callers)
    )
    return [Sample(_trace(number, at), *pair) for at, pair in enumerate(pairs)][:count]


def _trace(number: int, at: int) -> str:
    """Derives the trace id of a call from seed and position."""
    return hashlib.sha256(f"{number}.{at}".encode()).hexdigest()[:32]
