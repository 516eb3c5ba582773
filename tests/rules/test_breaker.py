"""The circuit breaker: what it lets through, for every order of answers."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.breaker import (
    FAILURES_IN_A_ROW,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    PROBES_TO_CLOSE,
    WINDOW_CALLS,
    Breaker,
)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(("begin", "succeed", "fail", "abandon")), st.floats(0, 20, allow_nan=False)
    ),
    max_size=80,
)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES_IN_A_ROW):
        breaker.fail(now, probe=False)
    return breaker


@given(STEPS)
def test_an_open_breaker_lets_one_probe_through_at_a_time(steps: list[tuple[str, float]]) -> None:
    breaker, now = opened(), 0.0
    running: list[bool] = []  # calls in progress: is it the probe?
    for step, elapsed in steps:
        now += elapsed
        if step == "begin":
            if breaker.admits(now):
                assert not breaker.open or now >= breaker.open_until
                running.append(breaker.begin(now))
        elif running:
            probe = running.pop(0)
            match step:
                case "succeed":
                    breaker.succeed(probe=probe)
                case "fail":
                    breaker.fail(now, probe=probe)
                case _:
                    breaker.abandon(probe=probe)
        assert sum(running) <= 1
        assert breaker.open_until <= now + LONGEST_PAUSE_S
        if breaker.open and now < breaker.open_until:
            assert not breaker.admits(now)


def test_failures_in_a_row_open_it_and_good_probes_close_it() -> None:
    breaker = opened(100.0)
    assert not breaker.admits(100.0)
    now = 100.0 + FIRST_PAUSE_S
    for _ in range(PROBES_TO_CLOSE):
        assert breaker.admits(now)
        assert breaker.begin(now)
        assert not breaker.admits(now)
        breaker.succeed(probe=True)
    assert not breaker.open


def test_each_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    breaker, pauses = opened(0.0), [FIRST_PAUSE_S]
    for _ in range(8):
        now = breaker.open_until
        breaker.begin(now)
        breaker.fail(now, probe=True)
        pauses.append(breaker.open_until - now)
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_a_high_rate_of_failures_opens_it_although_some_calls_succeed() -> None:
    breaker = Breaker()
    for _ in range(WINDOW_CALLS // 2 + 1):
        breaker.fail(1.0, probe=False)
        breaker.succeed(probe=False)
    assert breaker.open


def test_few_failures_do_not_open_it() -> None:
    breaker = Breaker()
    for second in range(1000):
        if second % 10 == 0:
            breaker.fail(float(second), probe=False)
        breaker.succeed(probe=False)
        assert not breaker.open


def test_calls_that_began_before_it_opened_do_not_prolong_the_pause() -> None:
    breaker = opened(0.0)
    until = breaker.open_until
    breaker.fail(0.5, probe=False)
    breaker.succeed(probe=False)
    assert (breaker.open, breaker.open_until) == (True, until)


def test_a_rest_keeps_calls_away_without_opening_it() -> None:
    breaker = Breaker()
    breaker.rest(5.0)
    breaker.rest(3.0)
    assert (breaker.admits(4.9), breaker.admits(5.0), breaker.open) == (False, True, False)
