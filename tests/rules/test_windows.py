"""Calendar windows in time zones."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.time import unix_ns
from penstock.rules.limits.windows import WindowUnit, window_at, zone_of

# With clock changes at midnight, by half an hour, a skipped day, and none.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]
DATES = [WindowUnit.DAY, WindowUnit.WEEK, WindowUnit.MONTH]
MOMENTS = st.integers(0, 4_000_000_000 * 10**9)


def at(text: str) -> int:
    return unix_ns(datetime.fromisoformat(text).replace(tzinfo=UTC))


@given(MOMENTS, st.sampled_from(WindowUnit), st.sampled_from(ZONES))
def test_a_window_contains_its_moment(now_ns: int, unit: WindowUnit, zone: str) -> None:
    start, end = window_at(now_ns, unit, ZoneInfo(zone))
    assert start <= now_ns < end


@given(MOMENTS, st.sampled_from(DATES), st.sampled_from(ZONES))
def test_windows_follow_each_other_without_gap_or_overlap(
    now_ns: int, unit: WindowUnit, zone: str
) -> None:
    start, end = window_at(now_ns, unit, ZoneInfo(zone))
    assert window_at(start, unit, ZoneInfo(zone)) == (start, end)
    assert window_at(end - 1, unit, ZoneInfo(zone)) == (start, end)
    assert window_at(end, unit, ZoneInfo(zone))[0] == end


@pytest.mark.parametrize("now_ns", [-(2**70), 0, 2**63 - 1, 2**90])
@pytest.mark.parametrize("unit", WindowUnit)
def test_any_clock_has_a_window_that_fits_into_64_bits(now_ns: int, unit: WindowUnit) -> None:
    start, end = window_at(now_ns, unit, ZoneInfo("Asia/Kathmandu"))
    assert -(2**63) <= start < end < 2**63


def test_a_month_begins_at_midnight_of_its_zone() -> None:
    start, end = window_at(at("2026-03-31T22:30:00"), WindowUnit.MONTH, ZoneInfo("Europe/Berlin"))
    assert (start, end) == (at("2026-03-31T22:00:00"), at("2026-04-30T22:00:00"))


def test_a_week_begins_on_monday() -> None:
    start, end = window_at(at("2026-11-29T14:00:00"), WindowUnit.WEEK, ZoneInfo("UTC"))
    assert (start, end) == (at("2026-11-23T00:00:00"), at("2026-11-30T00:00:00"))


@pytest.mark.parametrize("name", ["", "Nowhere/Land", "../etc/passwd", "/etc/passwd", "a\0b"])
def test_an_unknown_zone_is_none(name: str) -> None:
    assert zone_of(name) is None
