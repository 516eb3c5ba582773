"""Measures the arms of a rollout: one value per unit, that of its first run, from the column
store. A run is a call, or the calls of a trace that are steps of a chain."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from penstock.features.rollouts.runs import RolloutRun
from penstock.infra.columns import ColumnStore, Conditions, Param
from penstock.rules.rollouts.documents import Rollout, StickyUnit
from penstock.rules.rollouts.observations import ArmPeriod, RolloutObserved, WeightPeriod
from penstock.rules.rollouts.plan import BetterScore, Guard, GuardMetric
from penstock.rules.statistics.sequential import Tally

ARM: Final = "c.arm"
BASIS: Final = "c.arm_basis"

#: Calls of this long after a change of weights may have the arm of the weights before it.
SETTLING_NS: Final = 5 * 10**9
_MS: Final = 10**6
_RUN: Final = "if(c.step = '', c.span_id, c.trace_id)"
_UNITS: Final = {
    StickyUnit.REQUEST: _RUN,
    StickyUnit.USER: "c.user",
    StickyUnit.SESSION: "c.session",
}
_FIRST: Final = "(c.start_time, c.span_id)"
_START: Final = "toUnixTimestamp64Nano(c.start_time)"
_NUMBER: Final = "least(1., greatest(0., assumeNotNull(number)))"
_FAILED: Final = "c.status IN ('error', 'interrupted')"


class _Latest(msgspec.Struct, frozen=True):
    ended_ns: int


class RolloutMeasures:
    """Reads calls and scores. `columns` returns the open store or raises `PenstockError`."""

    def __init__(self, columns: Callable[[], ColumnStore]) -> None:
        self._columns = columns

    def observe(
        self, project_id: str, run: RolloutRun, rollout: Rollout, now_ns: int
    ) -> RolloutObserved:
        """Returns what is known. Telemetry counts as complete up to the end of the latest stored
        call of this use case, so nothing goes on while records do not arrive."""
        where = _calls(project_id, rollout, run.periods[0].began_ms * _MS, now_ns)
        guards = run.plan.guards
        statement = _statement(guards, _UNITS[rollout.sticky], where)
        params = (
            where.params
            | _guard_params(guards)
            | {
                "bounds": _array(each.began_ms * _MS for each in run.periods),
                "settling": SETTLING_NS,
            }
        )
        store = self._columns()
        found = store.query(statement, params, _row_type(len(guards)))
        latest = store.query(
            f"SELECT ifNull(max({_START} + toInt64(c.duration_ns)), 0) AS ended_ns"  # noqa: S608 - constants
            f" FROM calls AS c WHERE {where.clause()}",
            where.params,
            _Latest,
        )[0].ended_ns
        began_ns = run.periods[-1].began_ms * _MS
        return RolloutObserved(
            baseline=rollout.baseline,
            periods=tuple(
                WeightPeriod(each.weights, _arms(found, at, each.weights, guards))
                for at, each in enumerate(run.periods, 1)
            ),
            until=moment(min(max(latest, began_ns), now_ns)),
            since=moment(run.since_ms * _MS),
            step=run.step,
            references=run.references,
        )

    def references(
        self, project_id: str, rollout: Rollout, guards: Sequence[Guard], from_ns: int, to_ns: int
    ) -> dict[str, float]:
        """Returns the means of all runs of a use case in a time, by guard metric."""
        where = _calls(project_id, rollout, from_ns, to_ns)
        statement = _statement(guards, _RUN, where)
        params = where.params | _guard_params(guards) | {"bounds": _array([from_ns]), "settling": 0}
        found = self._columns().query(statement, params, _row_type(len(guards)))
        result: dict[str, float] = {}
        for at, guard in enumerate(guards):
            tallies = [_tally(row, at) for row in found]
            if size := sum(each.size for each in tallies):
                result[guard.name] = sum(each.total for each in tallies) / size
        return result


def _calls(project_id: str, rollout: Rollout, from_ns: int, to_ns: int) -> Conditions:
    where = Conditions()
    where.require("c.project_id = {project:String}", project=project_id)
    where.require("c.use_case = {use_case:String}", use_case=rollout.use_case)
    where.require("c.environment = {environment:String}", environment=rollout.environment)
    where.require(
        "c.start_time >= fromUnixTimestamp64Nano({from:Int64})"
        " AND c.start_time < fromUnixTimestamp64Nano({to:Int64})",
        **{"from": from_ns, "to": to_ns},
    )
    return where


def _statement(guards: Sequence[Guard], unit: str, where: Conditions) -> str:
    """One row per arm and period. A unit counts in the period of its first call, if that came when
    the weights had reached the gateways."""
    joins = "".join(
        f" LEFT JOIN (SELECT trace_id, avg({_NUMBER}) AS mean, 1 AS known"  # noqa: S608 - constants
        f" FROM scores FINAL WHERE project_id = {{project:String}} AND name = {{score_{at}:String}}"
        f" AND state = 'scored' AND number IS NOT NULL GROUP BY trace_id) AS s{at}"
        f" ON s{at}.trace_id = f.trace_id"
        for at, guard in enumerate(guards)
        if guard.metric is GuardMetric.SCORE
    )
    period = "arrayCount(bound -> bound <= f.first_ns, {bounds:Array(Int64)})"
    sums = "".join(_sums(guard, at) for at, guard in enumerate(guards))
    return (
        f"SELECT f.arm AS arm, {period} AS period, count() AS units{sums}"  # noqa: S608 - constants
        f" FROM ({_units(unit, where)}) AS f{joins}"
        f" WHERE f.first_ns >= arrayElement({{bounds:Array(Int64)}}, {period}) + {{settling:Int64}}"
        " GROUP BY arm, period ORDER BY period, arm"
    )


def _units(unit: str, where: Conditions) -> str:
    """One row per unit: its first run."""
    values = "".join(
        f", argMin(r.{name}, r.first) AS {name}"
        for name in ("arm", "failed", "duration_ns", "cost", "trace_id")
    )
    return (
        f"SELECT r.unit AS unit, min(r.first_ns) AS first_ns{values}"  # noqa: S608 - constants
        f" FROM ({_runs(unit, where)}) AS r GROUP BY r.unit"
    )


def _runs(unit: str, where: Conditions) -> str:
    """One row per run, over its calls so far, and per arm: weights may change while a chain runs,
    and what its unit met after them does not take part."""
    return (
        f"SELECT {unit} AS unit, {_RUN} AS run, {ARM} AS arm, min({_FIRST}) AS first,"  # noqa: S608 - constants
        f" min({_START}) AS first_ns, max({_FAILED}) AS failed,"
        f" max({_START} + toInt64(c.duration_ns)) - min({_START}) AS duration_ns,"
        " sum(toFloat64(ifNull(c.cost, 0))) AS cost, any(c.trace_id) AS trace_id"
        f" FROM calls AS c WHERE {where.clause()} AND {ARM} != '' AND {BASIS} = 'weight'"
        f" AND {unit} != '' GROUP BY unit, run, arm"
    )


def _sums(guard: Guard, at: int) -> str:
    value, known = _value(guard, at)
    return (
        f", countIf({known}) AS n{at}, sumIf({value}, {known}) AS t{at},"
        f" sumIf(pow({value}, 2), {known}) AS q{at}"
    )


def _value(guard: Guard, at: int) -> tuple[str, str]:
    match guard.metric:
        case GuardMetric.ERRORS:
            return "toFloat64(f.failed)", "1"
        case GuardMetric.SLOW:
            return f"toFloat64(f.failed OR f.duration_ns > {{limit_{at}:Float64}} * 1000000)", "1"
        case GuardMetric.COST:
            return f"least(1., f.cost / {{limit_{at}:Float64}})", "1"
        case GuardMetric.SCORE:
            less = guard.better is BetterScore.LOWER
            return f"s{at}.mean" if less else f"(1 - s{at}.mean)", f"s{at}.known = 1"


def _array(values: Iterable[int]) -> str:
    return f"[{','.join(map(str, values))}]"


def _guard_params(guards: Sequence[Guard]) -> dict[str, Param]:
    params: dict[str, Param] = {}
    for at, guard in enumerate(guards):
        if guard.metric in (GuardMetric.SLOW, GuardMetric.COST):
            params[f"limit_{at}"] = repr(guard.limit)
        if guard.metric is GuardMetric.SCORE:
            params[f"score_{at}"] = guard.score
    return params


def _row_type(guards: int) -> type[msgspec.Struct]:
    fields: list[tuple[str, type]] = [("arm", str), ("period", int), ("units", int)]
    for at in range(guards):
        fields += [(f"n{at}", int), (f"t{at}", float), (f"q{at}", float)]
    return msgspec.defstruct("_ArmRow", fields, frozen=True)


def _arms(
    rows: Sequence[Any], period: int, weights: Mapping[str, int], guards: Sequence[Guard]
) -> dict[str, ArmPeriod]:
    return {
        row.arm: ArmPeriod(
            row.units, {guard.name: _tally(row, at) for at, guard in enumerate(guards)}
        )
        for row in rows
        if row.period == period and row.arm in weights
    }


def _tally(row: Any, at: int) -> Tally:
    size, total, squares = (getattr(row, f"{part}{at}") for part in "ntq")
    return Tally(size, min(max(total, 0.0), float(size)), min(max(squares, 0.0), float(size)))


def moment(unix_ns: int) -> datetime:
    """Returns the time in UTC."""
    return datetime.fromtimestamp(unix_ns / 10**9, UTC)
