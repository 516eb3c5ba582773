"""The circuit breaker: what it lets through, for every order of answers and any number of workers
that share its state.
"""

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.attempts.breaker import CHECK_STEP, FAILURES_IN_A_ROW, WINDOW_CALLS, Breaker
from penstock.rules.attempts.breaker_state import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    PROBE_LEASE_S,
    PROBES_TO_CLOSE,
    OwnBreakerCell,
    Probe,
)

WORKERS = 3
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("begin", "succeed", "fail", "abandon", "kill")),
        st.integers(0, WORKERS - 1),
        st.floats(0, 20, allow_nan=False),
    ),
    max_size=80,
)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES_IN_A_ROW):
        breaker.fail(now, None)
    return breaker


def probe_of(breaker: Breaker, now: float) -> Probe:
    probe = breaker.take_probe(now)
    assert probe is not None
    return probe


@given(STEPS)
def test_workers_let_one_probe_through_at_a_time(steps: list[tuple[str, int, float]]) -> None:
    cell, now = OwnBreakerCell(), 0.0
    workers = [Breaker(cell) for _ in range(WORKERS)]
    for _ in range(FAILURES_IN_A_ROW):
        workers[0].fail(now, None)
    running: list[list[Probe | None]] = [[] for _ in workers]
    for step, number, elapsed in steps:
        now += elapsed
        breaker, calls, state = workers[number], running[number], cell.read()
        if step == "begin":
            if breaker.admits(now):
                probe = breaker.take_probe(now)
                assert (probe is not None) == state.open
                assert now >= state.open_until
                calls.append(probe)
        elif step == "kill":
            calls.clear()
        elif calls:
            probe = calls.pop(0)
            match step:
                case "succeed":
                    breaker.succeed(probe)
                case "fail":
                    breaker.fail(now, probe)
                case _:
                    breaker.abandon(probe)
        state = cell.read()
        leased = [one for each in running for one in each if one and _holds(one, cell, now)]
        assert len(leased) <= 1
        assert state.open_until <= now + LONGEST_PAUSE_S
        assert state.probe_until <= now + PROBE_LEASE_S
        if state.open and now < state.open_until:
            assert not any(one.admits(now) for one in workers)
        soon = max(state.open_until, state.probe_until)
        assert all(one.admits(soon) for one in workers), "whoever was killed, it is not left open"


def _holds(probe: Probe, cell: OwnBreakerCell, now: float) -> bool:
    return probe.opening == cell.read().openings and cell.read().open and now < probe.until


def test_failures_in_a_row_open_it_and_good_probes_close_it() -> None:
    breaker = opened(100.0)
    assert not breaker.admits(100.0)
    now = 100.0 + FIRST_PAUSE_S
    for _ in range(PROBES_TO_CLOSE):
        assert breaker.admits(now)
        probe = probe_of(breaker, now)
        assert not breaker.admits(now)
        assert breaker.take_probe(now) is None
        breaker.succeed(probe)
    assert not breaker.state.open


def test_each_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    breaker, pauses = opened(0.0), [FIRST_PAUSE_S]
    for _ in range(8):
        now = breaker.state.open_until
        breaker.fail(now, probe_of(breaker, now))
        pauses.append(breaker.state.open_until - now)
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_a_probe_that_takes_longer_than_its_lease_still_counts() -> None:
    breaker, now = opened(0.0), FIRST_PAUSE_S
    probes: list[Probe] = []
    for _ in range(PROBES_TO_CLOSE):
        probes.append(probe_of(breaker, now))
        now += PROBE_LEASE_S
    for probe in probes:
        breaker.succeed(probe)
    assert not breaker.state.open


def test_the_news_of_an_earlier_opening_is_old() -> None:
    breaker = opened(0.0)
    late = probe_of(breaker, 1.0)
    breaker.fail(11.0, probe_of(breaker, 11.0))
    before = breaker.state
    breaker.succeed(late)
    breaker.fail(11.5, late)
    breaker.abandon(late)
    assert breaker.state == before


def test_failures_before_another_worker_closed_it_are_forgotten() -> None:
    cell = OwnBreakerCell()
    first, second = Breaker(cell), Breaker(cell)
    for _ in range(FAILURES_IN_A_ROW - 1):
        first.fail(0.0, None)
    for _ in range(FAILURES_IN_A_ROW):
        second.fail(0.0, None)
    for _ in range(PROBES_TO_CLOSE):
        second.succeed(probe_of(second, 1.0))
    first.fail(1.0, None)
    assert not cell.read().open


def test_a_high_rate_of_failures_opens_it_although_some_calls_succeed() -> None:
    breaker = Breaker()
    for _ in range(WINDOW_CALLS // 2 + 1):
        breaker.fail(1.0, None)
        breaker.succeed(None)
    assert breaker.state.open


def test_few_failures_do_not_open_it() -> None:
    breaker = Breaker()
    for second in range(1000):
        if second % 10 == 0:
            breaker.fail(float(second), None)
        breaker.succeed(None)
        assert not breaker.state.open


def test_calls_that_began_before_it_opened_do_not_prolong_the_pause() -> None:
    breaker = opened(0.0)
    before = breaker.state
    breaker.fail(0.5, None)
    breaker.succeed(None)
    assert breaker.state == before


def test_a_rest_keeps_calls_away_without_opening_it() -> None:
    breaker = Breaker()
    breaker.rest(0.0, 5.0)
    breaker.rest(1.0, 2.0)
    assert (breaker.admits(4.9), breaker.admits(5.0), breaker.state.open) == (False, True, False)


TICKS = st.lists(
    st.tuples(st.integers(0, WORKERS - 1), st.floats(0.001, 9), st.booleans()), max_size=80
)


@given(TICKS, st.floats(0, 1, exclude_max=True))
def test_workers_check_a_target_once_in_an_interval(
    ticks: list[tuple[int, float, bool]], spread: float
) -> None:
    """A tick is of any worker; in some of them a call has just been answered there."""
    every_s, now, cell = 10.0, 1.0, OwnBreakerCell()
    workers, heard = [Breaker(cell) for _ in range(WORKERS)], [0.0] * WORKERS
    checks = [now - every_s]
    for number, elapsed, is_heard in ticks:
        now += elapsed
        if is_heard:
            heard[number] = now
        if workers[number].take_check(now, every_s, heard[number], spread):
            assert now - checks[-1] >= every_s * (1 - 1e-9)
            assert now - heard[number] >= every_s * (1 - CHECK_STEP - 1e-9)
            checks.append(now)
        assert cell.read().check_at <= now + every_s


def test_a_good_check_that_is_no_call_leaves_the_last_probe_to_a_call() -> None:
    breaker = opened(0.0)
    for _ in range(2 * PROBES_TO_CLOSE):
        breaker.succeed(probe_of(breaker, 1.0), closes=False)
        assert breaker.state.open
    breaker.succeed(probe_of(breaker, 1.0))
    assert not breaker.state.open
