"""The pause before a target is asked again: not within its rest, and not all calls at once."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.attempts.retry_wait import FIRST_WAIT_S, LONGEST_WAIT_S, wait_before

TIMES = st.floats(0, 400)
DRAWS = st.floats(0, 1, exclude_max=True)


@given(TIMES, TIMES, st.integers(0, 20), DRAWS)
def test_a_rest_is_kept_and_the_wait_is_bounded(
    left_s: float, rest_s: float, retries: int, draw: float
) -> None:
    wait_s = wait_before(left_s, rest_s, retries, draw)
    assert (wait_s is None) == (left_s > LONGEST_WAIT_S)
    assert wait_s is None or left_s <= wait_s <= left_s + LONGEST_WAIT_S


@given(st.integers(0, 5), DRAWS)
def test_without_a_rest_the_jitter_doubles(retries: int, draw: float) -> None:
    assert wait_before(0.0, 300.0, retries, draw) == draw * (FIRST_WAIT_S * 2**retries)


@given(st.floats(0.5, LONGEST_WAIT_S), st.integers(0, 2**32))
def test_calls_that_gathered_during_a_rest_come_back_no_faster_than_they_came(
    rest_s: float, seed: int
) -> None:
    random, count, parts = Random(seed), 4000, 5
    came = [rest_s * number / count for number in range(count)]
    released = [0] * parts
    for at in came:
        wait_s = wait_before(rest_s - at, rest_s, 0, random.random())
        assert wait_s is not None
        released[min(int((at + wait_s - rest_s) / rest_s * parts), parts - 1)] += 1
    if rest_s > FIRST_WAIT_S:
        assert max(released) <= 1.2 * count / parts
