"""Route strategies: shares, the lowest value, and calls that stay together."""

import random
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import entry_points

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.registry import Registry
from penstock.spi.strategy import RouteStrategy

STRATEGIES: Registry[RouteStrategy] = Registry("penstock.strategies")
NAMES = sorted({entry.name for entry in entry_points(group="penstock.strategies")})


@dataclass(frozen=True)
class Seen:
    id: str
    weight: int = 1
    in_flight: int = 0
    latency_s: float = 0.0
    recent_tokens: float = 0.0
    usd: float = 1.0

    def cost(self) -> float:
        return self.usd


@dataclass(frozen=True)
class Asked:
    key: bytes = b""

    def affinity(self) -> bytes:
        return self.key


def chosen(name: str, *seen: Seen, key: bytes = b"", seed: int = 0) -> str:
    return STRATEGIES.get(name).choose(Asked(key), seen, random.Random(seed)).id


@given(
    st.sampled_from(NAMES),
    st.lists(
        st.tuples(
            st.integers(0, 1000),
            st.integers(0, 10_000),
            st.floats(0, 1e6),
            st.floats(0, 1e12),
            st.floats(0, allow_nan=False),
        ),
        min_size=1,
        max_size=8,
    ),
    st.binary(max_size=8),
    st.integers(0, 2**32),
)
def test_every_strategy_chooses_one_of_the_candidates(
    name: str, values: list[tuple[int, int, float, float, float]], key: bytes, seed: int
) -> None:
    seen = [Seen(str(at), *each) for at, each in enumerate(values)]
    assert STRATEGIES.get(name).choose(Asked(key), seen, random.Random(seed)) in seen


@pytest.mark.parametrize("name", ["weighted", "sticky"])
def test_weights_are_shares(name: str) -> None:
    seen = (Seen("a", 1), Seen("b", 3), Seen("c", 0))
    counts = Counter(chosen(name, *seen, key=b"%d" % at, seed=at) for at in range(8000))
    assert 0.22 < counts["a"] / 8000 < 0.28
    assert counts["c"] == 0


@given(st.lists(st.integers(1, 100), min_size=2, max_size=6), st.binary(min_size=1, max_size=16))
def test_a_sticky_call_moves_only_if_its_own_target_is_gone(weights: list[int], key: bytes) -> None:
    seen = [Seen(f"t{at}", weight) for at, weight in enumerate(weights)]
    home = chosen("sticky", *seen, key=key)
    for gone in seen:
        rest = [each for each in seen if each is not gone]
        if gone.id != home:
            assert chosen("sticky", *rest, key=key) == home


def test_the_lowest_value_wins_and_weights_scale_it() -> None:
    assert chosen("least_busy", Seen("a", in_flight=3), Seen("b", in_flight=2)) == "b"
    assert chosen("least_busy", Seen("a", 4, in_flight=3), Seen("b", in_flight=2)) == "a"
    assert chosen("lowest_cost", Seen("a", usd=0.5), Seen("b", usd=float("inf"))) == "a"
    assert chosen("lowest_usage", Seen("a", recent_tokens=9.0), Seen("b")) == "b"
    assert chosen("lowest_latency", Seen("a", latency_s=2.0), Seen("b", latency_s=1.0)) == "b"
    busy = Seen("b", latency_s=1.0, in_flight=9)
    assert chosen("lowest_latency", Seen("a", latency_s=2.0), busy) == "a"
