"""Figures of outcomes: completion, hand-over, conversion, cost per resolution."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from penstock.features.feedback.model import TIME, OutcomeCounts, OutcomeFigures
from penstock.features.feedback.store.calls import EXPRESSIONS
from penstock.features.traces.model import TimeRange
from penstock.infra.columns import ColumnStore, Conditions
from penstock.rules.scores.vocabulary import OutcomeName

LONGEST_PAUSE_NS: Final = 7 * 24 * 3600 * 10**9  # calls of a session further apart begin a new one
_GROUPS: Final = 200
_UNITS: Final = {"session": ("c.session", "of_session"), "trace": ("c.trace_id", "trace_id")}
_DIMENSIONS: Final = ", ".join(
    f"argMin(toString({expression}), (c.start_time, c.span_id)) AS {name}"
    for name, expression in EXPRESSIONS.items()
)
_OUTCOMES: Final = tuple(OutcomeName)
_LATEST: Final = ", ".join(
    f"countIf(name = '{name.value}') > 0 AS measured_{name.value},"
    f" argMaxIf(number, (scored_ns, id), name = '{name.value}') = 1 AS positive_{name.value},"
    f" argMaxIf(ifNull(amount, toDecimal128(0, 6)), (scored_ns, id), name = '{name.value}')"
    f" AS amount_{name.value}"
    for name in _OUTCOMES
)
_COUNTS: Final = ", ".join(
    f"countIf(r.measured_{name.value}) AS measured_{name.value},"
    f" countIf(r.positive_{name.value}) AS positive_{name.value},"
    f" sumIf(r.amount_{name.value}, r.positive_{name.value}) AS amount_{name.value}"
    for name in _OUTCOMES
)

_Figures = msgspec.defstruct(
    "_Figures",
    [
        *(("by", str), ("units", int), ("calls", int), ("unpriced", int), ("cost", Decimal)),
        *((f"{part}_{name.value}", int) for name in _OUTCOMES for part in ("measured", "positive")),
        *((f"amount_{name.value}", Decimal) for name in _OUTCOMES),
    ],
    frozen=True,
    kw_only=True,
)


class FigureStore:
    """Joins the units of calls (sessions or traces) with their latest outcomes."""

    def __init__(self, columns: ColumnStore) -> None:
        self._columns = columns

    def figures(
        self,
        project_id: str,
        time_range: TimeRange,
        only: Mapping[str, tuple[str, ...]],
        *,
        unit: str,
        by: str,
        width_ns: int,
    ) -> list[OutcomeFigures]:
        """Returns the figures of the units that began in the range, for each value of a dimension
        of their first call, for each time bucket, or in total. `only`: values of dimensions."""
        of_call, of_score = _UNITS[unit]
        where = Conditions(
            params={
                "project": project_id,
                "begin": time_range.start_ns,
                "end": time_range.end_ns,
                "from": max(time_range.start_ns - LONGEST_PAUSE_NS, 0),
                "to": min(time_range.end_ns + LONGEST_PAUSE_NS, 2**63 - 1),
            }
        )
        where.require("u.began >= {begin:Int64} AND u.began < {end:Int64}")
        for name, values in only.items():
            where.require_any(f"u.{name}", f"only_{name}", values)
        statement = (
            f"SELECT {_group(by, width_ns)} AS by, count() AS units, sum(u.calls) AS calls,"  # noqa: S608 - constants
            f" sum(u.unpriced) AS unpriced, sum(u.cost) AS cost, {_COUNTS}"
            f" FROM ({_units(of_call)}) AS u LEFT JOIN ({_results(of_score)}) AS r"
            f" ON r.unit = u.unit WHERE {where.clause()}"
            f" GROUP BY by ORDER BY units DESC, by LIMIT {_GROUPS:d}"
        )
        found = self._columns.query(statement, where.params, _Figures)
        return [_figures(each) for each in found]


def _units(of_call: str) -> str:
    return (
        f"SELECT {of_call} AS unit, min(toUnixTimestamp64Nano(c.start_time)) AS began,"  # noqa: S608 - constants
        " count() AS calls, sum(ifNull(c.cost, toDecimal64(0, 12))) AS cost,"
        " countIf(isNull(c.cost) AND c.input_tokens + c.output_tokens > 0) AS unpriced,"
        f" {_DIMENSIONS} FROM calls AS c WHERE c.project_id = {{project:String}}"
        f" AND {of_call} != '' AND c.start_time >= fromUnixTimestamp64Nano({{from:Int64}})"
        " AND c.start_time < fromUnixTimestamp64Nano({to:Int64}) GROUP BY unit"
    )


def _results(of_score: str) -> str:
    return (
        f"SELECT {of_score} AS unit, {_LATEST} FROM scores FINAL"  # noqa: S608 - constants
        " WHERE project_id = {project:String} AND kind = 'outcome' AND state = 'scored'"
        f" AND {of_score} != '' GROUP BY unit"
    )


def _group(by: str, width_ns: int) -> str:
    if by == TIME:
        return f"toString(intDiv(u.began, {width_ns:d}) * {width_ns:d})"
    return f"u.{by}" if by else "''"


def _figures(row: msgspec.Struct) -> OutcomeFigures:
    values = msgspec.structs.asdict(row)
    return OutcomeFigures(
        by=values["by"],
        units=values["units"],
        calls=values["calls"],
        unpriced=values["unpriced"],
        cost=values["cost"],
        outcomes={
            name: OutcomeCounts(
                measured=values[f"measured_{name.value}"],
                positive=values[f"positive_{name.value}"],
                amount=values[f"amount_{name.value}"],
            )
            for name in _OUTCOMES
        },
    )
