"""Times of cron expressions: hours that the clocks skip or repeat, and what is refused."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.features.evaluations.schedules.times import check_times, count_times, next_time_ms
from penstock.kernel.errors import InvalidRequest

BERLIN = "Europe/Berlin"


def ms(text: str, zone: str = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def test_times_are_those_of_the_zone_in_summer_and_winter() -> None:
    assert next_time_ms("0 6 * * 1-5", BERLIN, ms("2026-11-28T00:00")) == ms("2026-11-30T06:00")
    assert next_time_ms("0 6 * * *", BERLIN, ms("2026-07-01T00:00")) == ms(
        "2026-07-01T04:00", "UTC"
    )


def test_a_time_in_the_skipped_hour_comes_once_after_it() -> None:
    after = next_time_ms("30 2 * * *", BERLIN, ms("2026-03-28T12:00"))
    assert after == ms("2026-03-29T01:00", "UTC")  # 03:00 in Berlin
    assert next_time_ms("30 2 * * *", BERLIN, after) == ms("2026-03-30T02:30")


def test_a_time_in_the_repeated_hour_comes_once() -> None:
    first = next_time_ms("30 2 * * *", BERLIN, ms("2026-10-24T12:00"))
    assert first == ms("2026-10-25T00:30", "UTC")
    again = first + 15 * 60_000 + 3_600_000  # 02:45 for the second time
    assert next_time_ms("30 2 * * *", BERLIN, again - 30 * 60_000) == ms("2026-10-26T02:30")
    assert next_time_ms("30 2 * * *", BERLIN, first) == ms("2026-10-26T02:30")


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("0 6 * *", "UTC"),
        ("0 0 6 * * *", "UTC"),  # with seconds
        ("61 6 * * *", "UTC"),
        ("* * * * *", "UTC"),
        ("0,2 6 * * 1", "UTC"),
        ("0 0 30 2 *", "UTC"),
        ("@daily", "UTC"),
        ("0 6 * * *", "Mars/Olympus"),
        ("0 6 * * *", "../../etc/passwd"),
        ("0 6 * * *", "Europe"),
        ("0 6 * * *", ""),
        ("0 6 * * *", "a\0b"),
        ("0 0 31 2 1#6", "UTC"),
    ],
)
def test_what_has_no_times_or_too_many_is_refused(cron: str, zone: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_times(cron, zone)
    assert refused.value.code == "evaluation_schedule_invalid"


def test_times_between_two_looks_are_counted_up_to_a_bound() -> None:
    begin = ms("2026-11-30T00:00", "UTC")
    assert count_times("0 * * * *", "UTC", begin, begin + 5 * 3_600_000) == 5
    assert count_times("*/5 * * * *", "UTC", begin, begin + 400 * 24 * 3_600_000) == 1000


@given(
    at=st.integers(0, 4_000_000_000),
    cron=st.sampled_from(
        ["30 2 * * *", "*/20 * * * *", "0 1,2,3 * * *", "15 */4 * * 0", "0 0 1 * *"]
    ),
    zone=st.sampled_from(
        [BERLIN, "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]
    ),
)
def test_each_time_is_after_the_one_before(at: int, cron: str, zone: str) -> None:
    first = next_time_ms(cron, zone, at * 1000)
    assert first > at * 1000
    assert next_time_ms(cron, zone, first - 1) == first
    assert next_time_ms(cron, zone, first) > first
