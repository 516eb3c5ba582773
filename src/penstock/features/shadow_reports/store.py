"""Reads shadow calls and their originals from the column store."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from penstock.features.shadow_reports.model import MAX_PAIRS
from penstock.infra.columns import ColumnStore, Conditions
from penstock.rules.rollouts.assignment import ArmBasis
from penstock.rules.rollouts.documents import Rollout, ShadowArm

_ORIGINAL: Final = "c.attributes['penstock.shadow_of']"
_WHAT: Final = (
    "c.trace_id AS trace_id, c.span_id AS span_id, c.status AS status, c.error_type AS error_type,"
    " toUnixTimestamp64Nano(c.start_time) AS start_ns, toFloat64(c.duration_ns) / 1e6 AS ms,"
    " c.cost AS cost"
)
_DAY_NS: Final = 24 * 3600 * 10**9
_MAX_MEANS: Final = 20_000  # of scores: by trace and name


class SideCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of one side of a pair. `original`: the trace of a shadow's original."""

    trace_id: str
    span_id: str
    status: str
    error_type: str
    start_ns: int
    ms: float
    cost: Decimal | None
    original: str = ""


class TraceScore(msgspec.Struct, frozen=True, kw_only=True):
    """The mean of a score of one trace."""

    trace_id: str
    name: str
    mean: float


class ShadowCalls:
    """Reads pairs. `columns` returns the open store or raises `PenstockError`."""

    def __init__(self, columns: Callable[[], ColumnStore]) -> None:
        self._columns = columns

    def pairs(
        self, project_id: str, rollout: Rollout, shadow: ShadowArm, from_ns: int
    ) -> list[tuple[SideCall, SideCall]]:
        """Returns shadow calls with their originals, the latest first."""
        where = _of(project_id, rollout, from_ns)
        where.require("c.release = {release:String}", release=shadow.release)
        where.require("c.arm_basis = {basis:String}", basis=ArmBasis.SHADOW.value)
        found = self._columns().query(
            f"SELECT {_WHAT}, {_ORIGINAL} AS original FROM calls AS c WHERE {where.clause()}"  # noqa: S608 - constants
            f" ORDER BY c.start_time DESC, c.span_id LIMIT {MAX_PAIRS:d}",
            where.params,
            SideCall,
        )
        if not found:
            return []
        originals = self._originals(project_id, rollout, found)
        pairs = [(each, _latest_before(each, originals)) for each in found]
        return [(each, original) for each, original in pairs if original is not None]

    def scores(self, project_id: str, traces: Sequence[str]) -> list[TraceScore]:
        """Returns the means of the numeric scores of these traces."""
        return self._columns().query(
            "SELECT trace_id, name, avg(assumeNotNull(number)) AS mean FROM scores FINAL"  # noqa: S608 - constants
            " WHERE project_id = {project:String} AND trace_id IN {traces:Array(String)}"
            " AND state = 'scored' AND number IS NOT NULL"
            f" GROUP BY trace_id, name LIMIT {_MAX_MEANS:d}",
            {"project": project_id, "traces": traces},
            TraceScore,
        )

    def _originals(
        self, project_id: str, rollout: Rollout, shadows: Sequence[SideCall]
    ) -> dict[str, list[SideCall]]:
        """The calls of callers, by trace, in order of their start."""
        where = _of(project_id, rollout, min(each.start_ns for each in shadows) - _DAY_NS)
        traces = sorted({each.original for each in shadows})
        where.require("c.trace_id IN {traces:Array(String)}", traces=traces)
        where.require("c.arm_basis != {basis:String}", basis=ArmBasis.SHADOW.value)
        found = self._columns().query(
            f"SELECT {_WHAT} FROM calls AS c WHERE {where.clause()}"  # noqa: S608 - constants
            f" ORDER BY c.start_time, c.span_id LIMIT {10 * MAX_PAIRS:d}",
            where.params,
            SideCall,
        )
        by_trace: dict[str, list[SideCall]] = {}
        for each in found:
            by_trace.setdefault(each.trace_id, []).append(each)
        return by_trace


def _of(project_id: str, rollout: Rollout, from_ns: int) -> Conditions:
    where = Conditions()
    where.require("c.project_id = {project:String}", project=project_id)
    where.require("c.use_case = {use_case:String}", use_case=rollout.use_case)
    where.require("c.environment = {environment:String}", environment=rollout.environment)
    where.require("c.start_time >= fromUnixTimestamp64Nano({from:Int64})", **{"from": from_ns})
    return where


def _latest_before(shadow: SideCall, originals: dict[str, list[SideCall]]) -> SideCall | None:
    """The original of a shadow: of several calls of its trace the last before it."""
    known = originals.get(shadow.original, ())
    before = [each for each in known if each.start_ns <= shadow.start_ns]
    return before[-1] if before else None
