"""Forecasts go on at the given rate, and say when a limit is used up."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from penstock.features.limits.forecast import Forecast, TimeSpan, forecast

DAY_MS = 86_400_000
WINDOW = TimeSpan(0, 30 * DAY_MS)
LATE = TimeSpan(DAY_MS, 31 * DAY_MS)
amounts = st.decimals(0, 10**9, places=9)


def test_a_third_of_the_month_at_the_average_rate() -> None:
    ten = 10 * DAY_MS
    calm = forecast(Decimal(20), Decimal(100), WINDOW, ten, (Decimal(20), ten))
    assert calm == Forecast(Decimal(60))
    busy = forecast(Decimal(50), Decimal(100), WINDOW, ten, (Decimal(50), ten))
    assert busy == Forecast(Decimal(150), 20 * DAY_MS)
    gone = forecast(Decimal(100), Decimal(100), WINDOW, ten, (Decimal(100), ten))
    assert gone == Forecast(Decimal(300), ten)


def test_too_little_time_has_no_forecast() -> None:
    hour = DAY_MS // 24
    assert forecast(Decimal(1), Decimal(100), WINDOW, hour, (Decimal(1), hour)) is None
    assert forecast(Decimal(0), Decimal(100), WINDOW, hour, (Decimal(0), 0)) is None
    assert forecast(Decimal(0), Decimal(100), WINDOW, hour, (Decimal(0), -5)) is None


@given(
    amounts,
    amounts,
    amounts,
    st.integers(LATE.start_ms, LATE.end_ms),
    st.integers(-10, LATE.length_ms),
)
def test_it_is_used_up_within_the_window_exactly_if_the_amount_is_reached_there(
    used: Decimal, amount: Decimal, recent: Decimal, now_ms: int, in_ms: int
) -> None:
    found = forecast(used, amount, LATE, now_ms, (recent, in_ms))
    if found is None:
        assert in_ms * 100 < LATE.length_ms
        return
    assert found.at_end >= used
    assert bool(found.used_up_ms) == (max(used, found.at_end) >= amount)
    assert now_ms <= found.used_up_ms <= LATE.end_ms or not found.used_up_ms
