"""HTTP glue: pages, addresses, times, metrics, without a network."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from penstock.infra.web.metrics import RequestMetrics
from penstock.infra.web.moments import Moment, moment_of, unix_ms
from penstock.infra.web.pages import decode_cursor, decode_position, encode_cursor, page_of
from penstock.kernel.errors import InvalidRequest


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80))
def test_cursors_come_back_as_they_went(position: str) -> None:
    assert decode_cursor(encode_cursor(position)) == position


@pytest.mark.parametrize("cursor", ["!", "a", "_w", "AA==AA", "é", "AA"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        decode_cursor(cursor)


@given(st.integers(0, 10**18 - 1))
def test_positions_come_back_as_numbers(position: int) -> None:
    assert decode_position(encode_cursor(str(position))) == position


@given(st.text(max_size=40) | st.integers(min_value=10**18).map(str))
@example("9" * 200)
def test_a_position_is_a_number_that_stores_hold_or_refused(position: str) -> None:
    cursor = encode_cursor(position)
    try:
        found = decode_position(cursor)
    except InvalidRequest:
        return
    assert found is None or 0 <= found < 10**18


FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2262, 4, 11, 23, 47, 16, 854_775, tzinfo=UTC)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda m: timezone(timedelta(minutes=m)))


@given(st.datetimes(timezones=OFFSETS | st.just(UTC)))
@example(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))))
@example(datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12))))
def test_a_moment_is_kept_to_the_millisecond_or_refused(moment: datetime) -> None:
    wire = TypeAdapter(Moment)
    if not FIRST <= moment <= LAST:
        with pytest.raises(ValidationError, match="between the years 1970 and 2262"):
            wire.validate_python(moment.isoformat())
        return
    read = wire.validate_python(moment.isoformat())
    shown = moment_of(unix_ms(read))
    assert timedelta(0) <= moment - shown < timedelta(milliseconds=1)


@given(st.integers(-(10**30), 10**30))
def test_every_stored_time_can_be_shown(ms: int) -> None:
    TypeAdapter(datetime).dump_json(moment_of(ms))


@given(count=st.integers(0, 12), limit=st.integers(1, 6))
def test_pages_together_are_the_list(count: int, limit: int) -> None:
    rows, found, after = list(range(count)), list[int](), -1
    while True:
        page = page_of([n for n in rows if n > after][: limit + 1], limit, lambda n: n, str)
        found += page.items
        if page.next_cursor is None:
            break
        assert len(page.items) == limit
        after = int(decode_cursor(page.next_cursor))
    assert found == rows


@given(st.lists(st.floats(0, 60), min_size=1, max_size=30))
def test_histograms_are_cumulative_and_count_everything(seconds: list[float]) -> None:
    metrics = RequestMetrics()
    for value in seconds:
        metrics.add("GET", "/x", 200, value)
    lines = list(metrics.lines(sees_all=True))
    buckets = [int(line.rpartition(" ")[2]) for line in lines if "_bucket{" in line]
    assert buckets == sorted(buckets)
    assert buckets[-1] == len(seconds)
    for line in lines:
        if 'le="0.25"' in line:
            assert int(line.rpartition(" ")[2]) == sum(value <= 0.25 for value in seconds)
