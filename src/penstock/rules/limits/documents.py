"""Limits and budgets of a project: what they count, for which calls, in which window."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from penstock.rules.call_conditions import problem_of_conditions, problem_of_dimension
from penstock.rules.document import Document
from penstock.rules.limits.windows import WindowUnit, zone_of

MAX_LIMITS: Final = 1000  # of one project
MAX_NAME_CHARS: Final = 80  # of a limit's name
MAX_COUNTED_BY: Final = 4  # dimensions of one limit
MAX_USD: Final = 1_000_000_000  # of a budget
MAX_COUNT: Final = 10**15  # of requests, tokens, or concurrent calls


class Measure(StrEnum):
    """The unit that a limit counts."""

    REQUESTS = "requests"
    TOKENS = "tokens"  # of input and output
    SPEND = "spend"  # USD
    CONCURRENCY = "concurrency"  # open calls; has no window


class Otherwise(StrEnum):
    """The decision about a call that a limit cannot judge."""

    REJECT = "reject"
    ADMIT = "admit"


class Over(StrEnum):
    """The decision about a stream that uses more than its limit has."""

    ADMIT = "admit"  # it goes on; the excess counts and is named
    CUT = "cut"  # it ends with an error


class LimitEntry(Document, frozen=True):
    """One limit. `only`: the values that a call must have, by dimension; `per`: each value of these
    dimensions has a counter of its own. A dimension is `key`, `provider`, `model`, an attribute of
    calls, or `tag:<name>`.

    `unpriced` decides about calls of models without a price, if the limit counts spend;
    `unavailable` about calls while the counters cannot be changed; `over` about streams.
    """

    id: str
    name: str
    measure: Measure
    amount: Decimal
    window: WindowUnit | None = None
    time_zone: str = "UTC"
    only: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies the default
    per: tuple[str, ...] = ()
    unpriced: Otherwise = Otherwise.REJECT
    unavailable: Otherwise = Otherwise.REJECT
    over: Over = Over.ADMIT


class LimitsSection(Document, frozen=True):
    """`<project_id>/limits`."""

    project_id: str
    limits: tuple[LimitEntry, ...] = ()


def problem_of(limit: LimitEntry) -> str:
    """Returns what is wrong with a limit, as a sentence; empty if nothing is."""
    if not limit.name or len(limit.name) > MAX_NAME_CHARS or not limit.name.isprintable():
        return f"A limit has a name of at most {MAX_NAME_CHARS} printable characters."
    return _problem_of_amount(limit) or _problem_of_window(limit) or _problem_of_scope(limit)


def _problem_of_amount(limit: LimitEntry) -> str:
    amount = limit.amount
    if limit.over == Over.CUT and limit.measure not in (Measure.TOKENS, Measure.SPEND):
        return "Only limits of tokens and of spend can cut streams."
    if not amount.is_finite() or amount < 0:
        return "The amount of a limit is a number of zero or more."
    if limit.measure == Measure.SPEND:
        exact = amount == round(amount, 9)
        return "" if amount <= MAX_USD and exact else f"A budget is at most {MAX_USD} USD."
    if amount != amount.to_integral_value() or not 1 <= amount <= MAX_COUNT:
        return f"A limit of {limit.measure} is a whole number from 1 to {MAX_COUNT}."
    return ""


def _problem_of_window(limit: LimitEntry) -> str:
    if (limit.measure == Measure.CONCURRENCY) != (limit.window is None):
        return "Every limit has a window, except one of concurrency, which has none."
    if zone_of(limit.time_zone) is None:
        return f"{limit.time_zone[:64]!r} is no time zone; write it like Europe/Berlin."
    return ""


def _problem_of_scope(limit: LimitEntry) -> str:
    for dimension in limit.per:
        if problem := problem_of_dimension(dimension):
            return problem
    if len(set(limit.per)) < len(limit.per) or len(limit.per) > MAX_COUNTED_BY:
        return f"A limit counts by at most {MAX_COUNTED_BY} different dimensions."
    return problem_of_conditions(limit.only)
