"""Reads from the records of calls what a limit would have counted."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from penstock.features.limits.model import PastUse, StoredLimit, UsedPart
from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.call import Caller, new_caller
from penstock.rules.call_conditions import TAG, CallFacts
from penstock.rules.limits.documents import Measure
from penstock.rules.limits.index import Limit, nano_usd

_ZERO: Final = Decimal(0)


class RecordedUse:
    """Reads what the recorded calls of a time range count for a limit: billionths of a dollar for
    spend, calls for concurrency. Methods raise `PenstockError` while they cannot be read."""

    def __init__(self, past_use: PastUse) -> None:
        self._past_use = past_use

    def by_values(
        self, stored: StoredLimit, start_ns: int, end_ns: int
    ) -> dict[Sequence[str], int]:
        """Returns the amounts by the values that have a counter of their own."""
        found: dict[Sequence[str], int] = {}
        for values, part in self._parts(stored, start_ns, end_ns, (), 0):
            found[values] = found.get(values, 0) + _count(stored.entry.measure, part)
        return found

    def by_time(
        self, stored: StoredLimit, values: Sequence[str], start_ns: int, count: int, width_ns: int
    ) -> list[int]:
        """Returns the amounts of the counter of `values` in `count` intervals."""
        found = [0] * count
        end_ns = start_ns + count * width_ns
        for at, part in self._parts(stored, start_ns, end_ns, values, width_ns):
            if tuple(at) == tuple(values) and 0 <= part.bucket < count:
                found[part.bucket] += _count(stored.entry.measure, part)
        return found

    def _parts(
        self,
        stored: StoredLimit,
        start_ns: int,
        end_ns: int,
        values: Sequence[str],
        width_ns: int,
    ) -> Sequence[tuple[Sequence[str], UsedPart]]:
        """Returns what calls have used that the limit counts, with their values."""
        limit = Limit(stored.project_id, stored.entry)
        dimensions = tuple(dict.fromkeys((*stored.entry.only, *stored.entry.per)))
        if "model" in dimensions and "provider" not in dimensions:
            dimensions += ("provider",)
        only = {name: wanted for name, wanted in stored.entry.only.items() if name != "model"}
        only |= {
            name: (value,)
            for name, value in zip(stored.entry.per, values, strict=False)
            if name != "model"
        }
        parts = self._past_use(
            stored.project_id, start_ns, end_ns, dimensions, only=only, width_ns=width_ns
        )
        found: list[tuple[Sequence[str], UsedPart]] = []
        for part in parts:
            facts = _facts(dict(zip(dimensions, part.values, strict=True)))
            if limit.applies(facts):
                found.append((limit.values(facts), part))
        return found


def _facts(values: dict[str, str]) -> CallFacts:
    tags = {name.removeprefix(TAG): text for name, text in values.items() if name.startswith(TAG)}
    attributes = [values.get(each.name, "") for each in CALL_ATTRIBUTES]
    caller: Caller = new_caller(values.get("key", ""), attributes, tags)
    return CallFacts(caller, values.get("provider", ""), values.get("model", ""))


def _count(measure: Measure, part: UsedPart) -> int:
    match measure:
        case Measure.TOKENS:
            return part.tokens
        case Measure.SPEND:
            return nano_usd(part.cost or _ZERO)
        case _:
            return part.requests
