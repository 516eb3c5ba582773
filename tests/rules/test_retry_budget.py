"""Retries stay a share of the calls, and latencies rise faster than they fall."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.attempts.peak_ewma import DECAY_S, PeakEwma
from penstock.rules.attempts.retry_budget import BURST, SHARE, RetryBudget


@given(st.lists(st.booleans(), max_size=400), st.integers(0, 399))
def test_in_any_period_retries_are_a_share_of_the_calls(steps: list[bool], start: int) -> None:
    budget, calls, retries = RetryBudget(), 0, 0
    for at, is_call in enumerate(steps):
        taken = budget.note_call() if is_call else budget.take()
        if at >= start:
            calls += is_call
            retries += bool(taken)
    assert retries <= SHARE * calls + BURST + 1e-6


def test_a_provider_that_fails_everything_sees_a_tenth_more() -> None:
    budget, sent = RetryBudget(), 0
    for _ in range(10_000):
        budget.note_call()
        sent += 1 + budget.take()
    assert sent <= 11_010


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 60)), min_size=1, max_size=50))
def test_the_average_is_between_the_values_and_never_below_the_last_peak(
    samples: list[tuple[float, float]],
) -> None:
    average, now = PeakEwma(), 0.0
    for latency, elapsed in samples:
        now += elapsed
        average.observe(latency, now)
        seen = [one for one, _ in samples]
        assert latency <= average.value <= max(seen) * (1 + 1e-9)


def test_a_slow_moment_is_forgotten() -> None:
    average = PeakEwma()
    average.observe(10.0, 0.0)
    average.observe(0.1, 0.01)
    assert average.value > 9.9
    average.observe(0.1, 10 * DECAY_S)
    assert average.value < 0.11
