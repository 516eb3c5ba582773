from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.time import LATEST_NS, SystemClock, parse_rfc3339, rfc3339, stored_ns

MICROSECONDS = st.integers(min_value=0, max_value=4_000_000_000_000_000)


@given(MICROSECONDS)
def test_formatted_times_are_parsed_back(microseconds: int) -> None:
    assert parse_rfc3339(rfc3339(microseconds * 1000)) == microseconds * 1000


def test_the_wire_form_is_utc_with_microseconds() -> None:
    assert rfc3339(1_763_716_200_123_456_789) == "2025-11-21T09:10:00.123456Z"


def test_time_zone_offsets_are_parsed() -> None:
    assert parse_rfc3339("2025-11-21T10:10:00+01:00") == parse_rfc3339("2025-11-21T09:10:00Z")


def test_a_time_without_zone_is_rejected_with_an_example() -> None:
    with pytest.raises(ValueError, match="has no time zone; write it like"):
        parse_rfc3339("2025-11-21T09:10:00")


@given(st.integers())
def test_a_bound_of_a_range_is_clamped_to_what_stores_can_represent(ns: int) -> None:
    assert 0 <= stored_ns(ns) <= LATEST_NS
    assert stored_ns(ns) == ns or not 0 <= ns <= LATEST_NS


def test_the_monotonic_clock_only_goes_forward() -> None:
    clock = SystemClock()
    assert abs(clock.now_ns() / 1e9 - datetime.now(UTC).timestamp()) < 5
    assert clock.monotonic() <= clock.monotonic()
