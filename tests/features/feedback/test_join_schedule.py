"""Looks for the calls of waiting scores."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.features.feedback.service.join_schedule import (
    LONGEST_PAUSE_S,
    TICK_S,
    JoinSchedule,
)


@given(st.lists(st.booleans(), max_size=400))
def test_a_score_that_begins_to_wait_is_looked_at_in_the_next_tick(fresh: list[bool]) -> None:
    schedule, passed_s = JoinSchedule(), 0.0
    for each in fresh:
        passed_s += TICK_S
        due = schedule.is_due(fresh=each)
        assert due or not each
        assert due or passed_s < LONGEST_PAUSE_S + TICK_S
        if due:
            schedule.looked(0)
            passed_s = 0.0


def test_looks_without_a_result_become_seldom_and_one_with_a_result_is_followed_at_once() -> None:
    schedule = JoinSchedule()
    looks = 0
    for _ in range(1000):
        if schedule.is_due(fresh=False):
            looks += 1
            schedule.looked(0)
    assert looks < 20
    schedule.looked(3)
    assert schedule.is_due(fresh=False)
