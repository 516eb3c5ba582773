"""Calls without a valid key: all counted, few recorded, limited in rate and memory."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.gateway.auth_failures import AuthFailures, FailureLimits, network_of

LIMITS = FailureLimits(max_addresses=8)
CLIENTS = st.integers(0, 40).map(lambda n: f"10.0.0.{n}") | st.integers(0, 40).map(
    lambda n: f"2001:db8:0:{n % 3}::{n:x}"
)
CALLS = st.lists(st.tuples(CLIENTS, st.floats(0, 30)), max_size=300)


@given(CALLS)
def test_every_failed_call_is_recorded_or_counted_and_memory_stays_bounded(
    calls: list[tuple[str, float]],
) -> None:
    failures, now, recorded = AuthFailures(LIMITS, 0.0), 0.0, 0
    for client, pause in calls:
        now += pause
        recorded += failures.decide(client, now).recorded
        assert len(failures) <= LIMITS.max_addresses
    assert recorded + failures.unrecorded_count == len(calls)
    assert recorded <= LIMITS.all_records_per_minute * (1 + now / 60) + 1


@given(st.lists(st.floats(0, 20), min_size=1, max_size=300))
def test_a_record_counts_the_unrecorded_calls_of_its_address(pauses: list[float]) -> None:
    failures, now, recorded_count = AuthFailures(LIMITS, 0.0), 0.0, 0
    silent = 0
    for pause in pauses:
        now += pause
        decision = failures.decide("10.0.0.1", now)
        if decision.recorded:
            assert decision.unrecorded == silent
            recorded_count, silent = recorded_count + 1, 0
        else:
            silent += 1
    assert recorded_count <= LIMITS.records_per_minute * (1 + now / 60) + 1


def test_only_an_address_with_too_many_failures_is_throttled_and_it_recovers() -> None:
    failures = AuthFailures(LIMITS, 0.0)
    decisions = [failures.decide("10.0.0.1", 0.0).throttled for _ in range(200)]
    assert decisions == [False] * 50 + [True] * 150
    assert not failures.decide("10.0.0.2", 0.0).throttled
    assert not failures.decide("10.0.0.1", 10.0).throttled


def test_many_addresses_together_cannot_fill_the_store() -> None:
    failures = AuthFailures(FailureLimits(), 0.0)
    found = [failures.decide(f"10.0.{n >> 8}.{n & 255}", 0.0).recorded for n in range(20_000)]
    assert sum(found) == FailureLimits().all_records_per_minute
    assert len(failures) == FailureLimits().max_addresses


def test_addresses_of_one_ipv6_network_are_one() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::1")
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("::ffff:10.0.0.1") == network_of("10.0.0.1") == "10.0.0.1"
    assert network_of("not:an:address") == "not:an:address"
