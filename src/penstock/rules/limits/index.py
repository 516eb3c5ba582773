"""Finds the limits of a call, and the claims that it makes on their counters."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from hashlib import blake2b
from math import ceil
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from penstock.rules.call_conditions import TARGET, CallConditions, CallFacts, reader
from penstock.rules.claims import Claim, CounterKind
from penstock.rules.limits.documents import LimitEntry, LimitsSection, Measure, Over
from penstock.rules.limits.windows import LENGTHS_NS, WindowUnit, window_at, zone_of

NANO: Final = 10**9  # of a dollar: the unit of counters of spend
MAX_COUNTED: Final = 4096  # sets of values of calls whose limits are remembered, for each project
_WINDOW: Final = CounterKind.WINDOW
# Names of this module: to read a member of an enumeration takes as long as a function call.
_TOKENS: Final = Measure.TOKENS
_SPEND: Final = Measure.SPEND
_CONCURRENCY: Final = Measure.CONCURRENCY
_METERED: Final = (_TOKENS, _SPEND)
_FIXED: Final = frozenset(("key", "provider"))  # callers cannot choose their values


class Amounts(msgspec.Struct, frozen=True, gc=False):
    """The amounts of a call: estimated before, true afterwards. `spend` is in billionths of a
    dollar."""

    requests: int = 1
    tokens: int = 0
    spend: int = 0


class Limit:
    """A limit, ready for calls. `is_rate`: the amounts of its claims are nanoseconds of a rate.
    `of_target`: the provider or model decides which of the calls it counts. `header_value`: its
    amount as headers have it."""

    def __init__(self, project_id: str, entry: LimitEntry) -> None:
        self.project_id = project_id
        self.entry = entry
        self.measure = entry.measure
        self.cuts = entry.over == Over.CUT
        self.kind = _kind(entry)
        self.unit_count = int(
            entry.amount * NANO if self.measure == Measure.SPEND else entry.amount
        )
        self.rate_ns = LENGTHS_NS.get(entry.window, 0) if entry.window is not None else 0
        self.is_rate = self.kind in (CounterKind.RATE, CounterKind.HELD_RATE)
        self._cap = self.rate_ns if self.is_rate else self.unit_count
        self.header_value = b"%d" % self.unit_count
        self._zone: ZoneInfo = zone_of(entry.time_zone) or ZoneInfo("UTC")
        self._window = (0, 0)
        conditions = CallConditions(entry.only)
        self.applies = conditions.match  # whether the limit counts a call
        self._per = [reader(name) for name in entry.per]
        self.of_target = conditions.of_target or not TARGET.isdisjoint(entry.per)
        counted = (entry.measure, entry.window or "", entry.time_zone, *entry.per)
        self._base = blake2b(
            "\0".join((project_id, entry.id, *counted)).encode(), digest_size=16
        ).digest()
        self._others = b"" if _FIXED.issuperset(entry.per) else self._base

    def values(self, facts: CallFacts) -> tuple[str, ...]:
        """Returns the values of a call that have a counter of their own."""
        return tuple([read(facts) for read in self._per])

    def claim(self, values: tuple[str, ...], amounts: Amounts, now_ns: int) -> Claim:
        """Returns the claim of a call on the counter of its `values`."""
        return self.claim_on(self.key(values), amounts, now_ns)

    def claim_on(self, key: bytes, amounts: Amounts, now_ns: int) -> Claim:
        """Returns the claim of a call on the counter with a key."""
        kind, start, end = self.kind, 0, 0
        if kind is _WINDOW:
            start, end = self._window
            if not start <= now_ns < end:
                start, end = self.window(now_ns)
        amount = self.amount(amounts)
        return Claim(key, kind, amount, self._cap, start, end, self._others, self.project_id)

    def amount(self, amounts: Amounts) -> int:
        """Returns what this limit counts of the amounts, in the unit of its claims."""
        measure = self.measure
        if measure is _SPEND:
            return amounts.spend
        if measure is _CONCURRENCY:
            return 1
        count = amounts.tokens if measure is _TOKENS else amounts.requests
        return -(-count * self.rate_ns // self.unit_count) if self.is_rate else count

    def units(self, amount: int) -> int:
        """Returns whole units of an amount on its counter, rounded down."""
        return amount * self.unit_count // self.rate_ns if self.is_rate else amount

    def in_units(self, amount: int) -> Decimal:
        """Returns an amount on its counter in the unit of the limit."""
        if self.measure == Measure.SPEND:
            return Decimal(f"{(Decimal(amount) / NANO).normalize():f}")
        return Decimal(self.units(amount))

    def window(self, now_ns: int) -> tuple[int, int]:
        """Returns the window of a moment."""
        start, end = self._window
        if not start <= now_ns < end:
            unit = self.entry.window or WindowUnit.MONTH
            self._window = start, end = window_at(now_ns, unit, self._zone)
        return start, end

    def key(self, values: tuple[str, ...]) -> bytes:
        """Returns the key of the counter of these values."""
        if not values:
            return blake2b(b"", digest_size=16, key=self._base).digest()
        text = "\0".join((*values, "")).encode("utf-8", "replace")
        return blake2b(text, digest_size=16, key=self._base).digest()


class SpanLimit(Limit):
    """A limit of one span of time (nanoseconds since the epoch: from, until) in place of windows.
    When there is no space for its counter, those with the same `shared_by` share one."""

    def __init__(
        self, project_id: str, entry: LimitEntry, span: tuple[int, int], *, shared_by: str
    ) -> None:
        super().__init__(project_id, entry)
        self._span = self._window = span
        shared = f"{project_id}\0{shared_by}\0{entry.measure}"
        self._others = blake2b(shared.encode(), digest_size=16).digest()

    def window(self, now_ns: int) -> tuple[int, int]:  # noqa: ARG002 - it has only one
        """Returns the span."""
        return self._span


class CountedLimit(NamedTuple):
    """A limit that counts a call, with the values of the call that have a counter of their own, and
    the key of this counter. `always`: its claim, if that is the same for all calls."""

    limit: Limit
    values: tuple[str, ...]
    key: bytes
    always: Claim | None

    @classmethod
    def of(cls, limit: Limit, values: tuple[str, ...]) -> "CountedLimit":
        """Returns the limit for calls with these values."""
        key = limit.key(values)
        constant = limit.kind in (CounterKind.RATE, CounterKind.OPEN)
        return cls(limit, values, key, limit.claim_on(key, Amounts(), 0) if constant else None)


class CountedLimits:
    """The limits that count a call, in their order. `metered`: some count tokens or spend."""

    __slots__ = ("budgets", "cut", "each", "limits", "metered", "of_target")

    def __init__(self, each: Sequence[CountedLimit]) -> None:
        self.each = tuple(each)
        self.limits = tuple([one.limit for one in each])
        self.budgets = tuple([one for one in self.limits if one.measure is Measure.SPEND])
        self.metered = any(one.measure in _METERED for one in self.limits)
        self.cut = any(one.cuts for one in self.limits)
        self.of_target = any(one.of_target for one in self.limits)

    def claims(self, amounts: Amounts, now_ns: int) -> list[Claim]:
        """Returns the claims of a call."""
        return [each.always or each.limit.claim_on(each.key, amounts, now_ns) for each in self.each]


class LimitIndex:
    """The limits of one project."""

    def __init__(self, section: LimitsSection) -> None:
        self.limits = tuple(Limit(section.project_id, entry) for entry in section.limits)
        self._general: list[Limit] = []
        self._by: dict[str, tuple[Callable[[CallFacts], str], dict[str, list[Limit]]]] = {}
        for limit in self.limits:
            self._add(limit)
        names = {name for entry in section.limits for name in (*entry.only, *entry.per)}
        self._readers = [reader(name) for name in sorted(names)]
        self._counted: dict[tuple[str, ...], CountedLimits] = {}

    def counted(self, facts: CallFacts) -> CountedLimits:
        """Returns the limits that count a call, with the counters."""
        seen = tuple([read(facts) for read in self._readers]) if self._readers else ()
        found = self._counted.get(seen)
        if found is None:
            if len(self._counted) >= MAX_COUNTED:
                self._counted.clear()
            found = self._counted[seen] = CountedLimits(
                [CountedLimit.of(limit, limit.values(facts)) for limit in self.matching(facts)]
            )
        return found

    def matching(self, facts: CallFacts) -> Sequence[Limit]:
        """Returns the limits that count a call."""
        found = [limit for limit in self._general if limit.applies(facts)]
        for read, limits in self._by.values():
            found += [limit for limit in limits.get(read(facts), ()) if limit.applies(facts)]
        return found

    def _add(self, limit: Limit) -> None:
        """Files a limit under one of its conditions, so that other calls do not look at it."""
        name = next((name for name in limit.entry.only if name != "model"), "")
        if not name:
            self._general.append(limit)
            return
        _, limits = self._by.setdefault(name, (reader(name), {}))
        for value in limit.entry.only[name]:
            limits.setdefault(value, []).append(limit)


def nano_usd(cost: Decimal) -> int:
    """Returns billionths of a dollar, rounded up."""
    return ceil(cost * NANO)


def _kind(entry: LimitEntry) -> CounterKind:
    """Requests and tokens up to an hour are rates; all else is counted in windows."""
    if entry.measure == Measure.CONCURRENCY:
        return CounterKind.OPEN
    if entry.measure == Measure.SPEND or entry.window not in LENGTHS_NS:
        return CounterKind.WINDOW
    return CounterKind.RATE if entry.measure == Measure.REQUESTS else CounterKind.HELD_RATE
