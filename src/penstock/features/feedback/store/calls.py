"""Finds the calls that scores are about, and what scores take over from them."""

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.features.feedback.model import TargetFacts
from penstock.features.traces.model import TimeRange
from penstock.infra.columns import ColumnStore, Conditions

# The dimensions of a call. Applications may also name the version of a prompt in a tag.
EXPRESSIONS: Final = {
    "model": "c.model",
    "use_case": "c.use_case",
    "environment": "c.environment",
    "release": "c.release",
    "arm": "c.arm",
    "prompt_version": "if(c.prompt_version != '', c.prompt_version, c.tags['prompt_version'])",
}
_FIRST: Final = "(c.start_time, c.span_id)"
_FACTS: Final = ", ".join(
    f"argMin(toString({expression}), {_FIRST}) AS {name}"
    for name, expression in {**EXPRESSIONS, "of_session": "c.session"}.items()
)


class FoundTarget(TargetFacts, frozen=True, kw_only=True):
    """A span, trace or session that has calls; `key` is its id."""

    key: str


class _ForeignSpan(msgspec.Struct, frozen=True):
    key: str


class CallFinder:
    """Looks into the table of calls."""

    def __init__(self, columns: ColumnStore) -> None:
        self._columns = columns

    def spans(
        self, project_id: str, within: TimeRange, spans: Sequence[tuple[str, str]]
    ) -> list[FoundTarget]:
        """Returns those of some (trace id, span id) that are calls of the project."""
        where = _spans(within, spans)
        where.require("c.project_id = {project:String}", project=project_id)
        return self._find("concat(c.trace_id, c.span_id)", where)

    def traces(
        self, project_id: str, within: TimeRange, traces: Sequence[str]
    ) -> list[FoundTarget]:
        """Returns those of some traces that have calls of the project."""
        where = _within(within)
        where.require("c.project_id = {project:String}", project=project_id)
        where.require("c.trace_id IN {traces:Array(String)}", traces=traces)
        return self._find("c.trace_id", where)

    def sessions(
        self, project_id: str, within: TimeRange, sessions: Sequence[str]
    ) -> list[FoundTarget]:
        """Returns those of some sessions that have calls of the project."""
        where = _within(within)
        where.require("c.project_id = {project:String}", project=project_id)
        where.require("c.session IN {sessions:Array(String)}", sessions=sessions)
        return self._find("c.session", where)

    def foreign(
        self, project_id: str, within: TimeRange, spans: Sequence[tuple[str, str]]
    ) -> set[str]:
        """Returns the keys of those spans that are calls of another project."""
        where = _spans(within, spans)
        where.require("c.project_id != {project:String}", project=project_id)
        found = self._columns.query(
            f"SELECT DISTINCT concat(c.trace_id, c.span_id) AS key FROM calls AS c"  # noqa: S608 - constants
            f" WHERE {where.clause()}",
            where.params,
            _ForeignSpan,
        )
        return {each.key for each in found}

    def _find(self, key: str, where: Conditions) -> list[FoundTarget]:
        return self._columns.query(
            f"SELECT {key} AS key, {_FACTS} FROM calls AS c WHERE {where.clause()} GROUP BY key",  # noqa: S608 - constants
            where.params,
            FoundTarget,
        )


def _spans(within: TimeRange, spans: Sequence[tuple[str, str]]) -> Conditions:
    where = _within(within)
    where.require("c.trace_id IN {traces:Array(String)}", traces=[trace for trace, _ in spans])
    where.require("c.span_id IN {spans:Array(String)}", spans=[span for _, span in spans])
    return where


def _within(within: TimeRange) -> Conditions:
    where = Conditions()
    where.require(
        "c.start_time >= fromUnixTimestamp64Nano({from:Int64})"
        " AND c.start_time < fromUnixTimestamp64Nano({to:Int64})",
        **{"from": within.start_ns, "to": within.end_ns},
    )
    return where
