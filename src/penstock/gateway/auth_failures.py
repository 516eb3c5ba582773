"""Calls without a valid key: all are counted, a sample is recorded, and an address that sends too
many of them gets 429. Calls with a valid key never pass here.
"""

from collections import OrderedDict
from ipaddress import IPv6Address
from typing import Final, NamedTuple

import msgspec

_IPV6_NETWORK: Final = 64  # bits; one customer can use every address of a /64


class FailureLimits(msgspec.Struct, frozen=True):
    """Limits for callers without a valid key. Each holds for one worker."""

    answers_per_s: float = 10.0
    """Failed calls of one address that get 401; further ones get 429."""
    answers_at_once: float = 50.0
    """Size of a burst of them."""
    records_per_minute: float = 6.0
    """Failed calls of one address that are recorded."""
    all_records_per_minute: float = 60.0
    """Failed calls of all addresses together that are recorded."""
    max_addresses: int = 4096
    """Addresses in memory; the least recently used one is dropped first."""


class FailureDecision(NamedTuple):
    """The answer to one failed call. `unrecorded`: failed calls of the address since its last
    record."""

    throttled: bool
    recorded: bool
    unrecorded: int


class _Bucket:
    """A token bucket: gains `rate` tokens a second and holds at most `depth`."""

    __slots__ = ("_at", "_depth", "_left", "_rate")

    def __init__(self, rate: float, depth: float, now: float) -> None:
        self._rate, self._depth, self._left, self._at = rate, depth, depth, now

    def take(self, now: float) -> bool:
        self._left = min(self._depth, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def add_token(self) -> None:
        self._left += 1.0


class _Address:
    __slots__ = ("answers", "records", "unrecorded")

    def __init__(self, limits: FailureLimits, now: float) -> None:
        self.answers = _Bucket(limits.answers_per_s, limits.answers_at_once, now)
        per_minute = limits.records_per_minute
        self.records = _Bucket(per_minute / 60, max(1.0, per_minute), now)
        self.unrecorded = 0


class AuthFailures:
    """Throttles failed calls by address. Counts those that get no record."""

    def __init__(self, limits: FailureLimits, now: float) -> None:
        self._limits = limits
        per_minute = limits.all_records_per_minute
        self._records = _Bucket(per_minute / 60, max(1.0, per_minute), now)
        self._addresses: OrderedDict[str, _Address] = OrderedDict()
        self.unrecorded_count = 0

    def decide(self, client: str, now: float) -> FailureDecision:
        """Counts one failed call from the IP address `client` at `now` (monotonic seconds)."""
        address = self._address(network_of(client), now)
        throttled = not address.answers.take(now)
        recorded = address.records.take(now)
        if recorded and not self._records.take(now):
            address.records.add_token()
            recorded = False
        if not recorded:
            address.unrecorded += 1
            self.unrecorded_count += 1
            return FailureDecision(throttled, recorded=False, unrecorded=address.unrecorded)
        before, address.unrecorded = address.unrecorded, 0
        return FailureDecision(throttled, recorded=True, unrecorded=before)

    def __len__(self) -> int:
        return len(self._addresses)

    def _address(self, network: str, now: float) -> _Address:
        known = self._addresses.get(network)
        if known is None:
            if len(self._addresses) >= self._limits.max_addresses:
                self._addresses.popitem(last=False)
            known = self._addresses[network] = _Address(self._limits, now)
        self._addresses.move_to_end(network)
        return known


def network_of(client: str) -> str:
    """The unit that is throttled: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in client:
        return client
    try:
        address = IPv6Address(client)
    except ValueError:
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    kept = int(address) >> (128 - _IPV6_NETWORK) << (128 - _IPV6_NETWORK)
    return f"{IPv6Address(kept)}/{_IPV6_NETWORK}"
