"""Restart delays: none at first, then growing to the maximum; restarts never stop."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.entrypoints.up.backoff import LONGEST_DELAY_S, SETTLED_S, RestartBackoff

lives = st.lists(st.floats(0, 100, allow_nan=False), max_size=50)


def after(lived: list[float]) -> RestartBackoff:
    backoff = RestartBackoff()
    for life in lived:
        backoff = backoff.after(life)
    return backoff


def test_the_first_restart_is_immediate_and_the_delays_then_double() -> None:
    delays = [after([1.0] * count).delay_s for count in range(1, 12)]
    assert delays[:5] == [0.0, 0.1, 0.2, 0.4, 0.8]
    assert delays[-1] == LONGEST_DELAY_S


def test_five_kills_in_ten_seconds_cause_less_than_two_seconds_of_delay() -> None:
    assert sum(after([1.0] * count).delay_s for count in range(1, 6)) < 2.0


@given(lives)
def test_the_delay_never_exceeds_the_maximum(lived: list[float]) -> None:
    assert 0 <= after(lived).delay_s <= LONGEST_DELAY_S


@given(lives)
def test_a_process_that_ran_long_enough_restarts_without_delay(lived: list[float]) -> None:
    assert after([*lived, SETTLED_S]).delay_s == 0.0


@given(lives, st.floats(0, SETTLED_S, exclude_max=True))
def test_the_delay_never_shrinks_while_it_keeps_ending_early(
    lived: list[float], life: float
) -> None:
    before = after(lived)
    assert before.after(life).delay_s >= before.delay_s
