"""Password guessing is slowed down; attackers cannot lock out users; memory is bounded."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.features.identity.passwords import HashLimits, Passwords
from penstock.features.identity.throttle import Source, Throttle, ThrottleLimits
from penstock.kernel.errors import RateLimited
from tests.features.identity.conftest import HandClock

OWNER = Source("10.0.0.1", "device")
LIMITS = ThrottleLimits()
steps = st.lists(
    st.tuples(st.sampled_from(["ann", "bob"]), st.integers(1, 6), st.integers(0, 400)), max_size=120
)


def _fails(throttle: Throttle, account: str, source: Source) -> bool:
    """Tries a wrong password; returns whether it was checked."""
    try:
        throttle.begin(account, source)
    except RateLimited:
        return False
    return True


@given(steps)
def test_nothing_that_others_do_locks_a_known_device_or_peer_out(
    attack: list[tuple[str, int, int]],
) -> None:
    clock = HandClock()
    throttle = Throttle(clock)
    home = Source("10.0.0.9")
    throttle.succeeded(throttle.begin("ann", home))
    for account, peer, pause_s in attack:
        _fails(throttle, account, Source(f"192.0.2.{peer}"))
        _fails(throttle, account, Source("10.0.0.1"))  # the same proxy as the owner's
        clock.forward(pause_s)
        throttle.succeeded(throttle.begin("ann", OWNER))
        throttle.succeeded(throttle.begin("ann", home))


@given(st.integers(1, 20), st.integers(1, 60))
def test_a_source_guesses_five_times_at_once_and_then_ever_slower(peers: int, tries: int) -> None:
    clock = HandClock()
    throttle = Throttle(clock)
    looked_at = sum(
        _fails(throttle, "ann", Source(f"192.0.2.{peer}"))
        for peer in range(peers)
        for _ in range(tries)
    )
    assert looked_at <= min(peers * LIMITS.source_failures, LIMITS.account_failures)


def test_waits_double_up_to_five_minutes_and_end() -> None:
    clock = HandClock()
    throttle = Throttle(clock)
    waits = list[int]()
    for _ in range(20):
        wait_s = _wait_s(throttle)
        clock.forward(wait_s)
        assert _fails(throttle, "ann", Source("a"))
        waits += [wait_s] if wait_s else []
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == 300
    clock.forward(LIMITS.forget_after_s)
    assert [_fails(throttle, "ann", Source("a")) for _ in range(6)] == [True] * 5 + [False]


def _wait_s(throttle: Throttle) -> int:
    try:
        throttle.cancel(throttle.begin("ann", Source("a")))
    except RateLimited as refused:
        return refused.retry_after_s or 0
    return 0


def test_what_was_not_looked_at_counts_for_nothing() -> None:
    throttle = Throttle(HandClock())
    for _ in range(100):
        throttle.cancel(throttle.begin("ann", Source("a")))
    assert throttle.remembered() == 0


def test_attempts_in_parallel_are_counted_before_they_are_looked_at() -> None:
    throttle = Throttle(HandClock())
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(_fails, [throttle] * 200, ["ann"] * 200, [Source("a")] * 200))
    assert sum(done) == LIMITS.source_failures


@given(st.integers(1, 30))
def test_what_is_remembered_is_bounded(most: int) -> None:
    throttle = Throttle(HandClock(), ThrottleLimits(max_remembered=most))
    for number in range(100):
        attempt = throttle.begin(f"user{number}" * 20, Source(str(number)))
        if number % 2:
            throttle.succeeded(attempt)
    assert throttle.remembered() <= 2 * most


def test_few_passwords_are_checked_at_a_time_and_some_capacity_is_for_known_sources() -> None:
    limits = HashLimits(running=1, admitted=6, unknown_sources=4, per_source=2)
    passwords = Passwords(os.urandom, 2**14, limits)
    stored = passwords.hash("a long password")
    barrier = threading.Barrier(40)

    def attempt(number: int) -> bool | None:
        barrier.wait()
        try:
            return passwords.matches("wrong", stored, unknown_source=f"peer {number % 20}")
        except RateLimited:
            return None

    with ThreadPoolExecutor(40) as pool:
        found = list(pool.map(attempt, range(40)))
    assert 1 <= found.count(False) < 40
    assert passwords.matches("a long password", stored)


def test_an_unknown_address_costs_what_a_known_one_costs() -> None:
    passwords = Passwords(os.urandom, 2)
    assert not passwords.matches("nobody", None)
    with pytest.raises(ValueError, match="not enough values"):
        passwords.matches("x", "scrypt$2$8$1")
