"""Writes scores, and reads them as lists and measures; the latest row of each id counts."""

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.features.feedback.model import (
    TIME,
    ArrivedScore,
    JudgedCall,
    ScoreClusters,
    ScoreFilter,
    ScoreMeasures,
    ScorePosition,
    ScoreRow,
    StoredScore,
)
from penstock.features.traces.model import TimeRange
from penstock.infra.columns import ColumnStore, Conditions
from penstock.kernel.time import LATEST_NS
from penstock.rules.scores.vocabulary import FeedbackName, ScoreState

_GROUPS: Final = 1000  # of measures: names and values of a dimension
_MORE: Final = 8  # times as many rows are read for a page if the first ones do not fill it
_LABELS: Final = 50  # categorical values of one name
_LIKE_SPECIAL: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
_STATUS: Final = "if(h.status = '', 'new', h.status)"
_COMPUTED: Final = {
    "status": f"{_STATUS} AS status",
    "assignee": "h.assignee AS assignee",
}
_COLUMNS: Final = ", ".join(
    _COMPUTED.get(name, f"s.{name} AS {name}") for name in StoredScore.__struct_fields__
)
_ROW: Final = ", ".join(ScoreRow.__struct_fields__)
_IN_TURNS: Final = (
    "SELECT *, row_number() OVER (PARTITION BY project_id"
    " ORDER BY sipHash64(id, {seed:Int64})) AS turn FROM scores FINAL WHERE link = 'waiting'"
)
_HANDLED: Final = (
    "LEFT JOIN (SELECT score_id, status, assignee FROM feedback_handling FINAL"
    " WHERE project_id = {project:String}) AS h ON h.score_id = s.id"
)
_POSITIVE: Final = (
    f"(s.name = '{FeedbackName.THUMBS.value}' AND s.number = {{thumb:UInt8}})"
    f" OR (s.name = '{FeedbackName.RATING.value}' AND s.number {{}} 3)"
)
_SCORED: Final = f"s.state = '{ScoreState.SCORED.value}'"
_MEASURES: Final = f"""s.name AS name, s.type AS type, s.kind AS kind,
    countIf({_SCORED}) AS count,
    countIf(s.state = '{ScoreState.ABSTAINED.value}') AS abstained,
    countIf(s.state = '{ScoreState.UNMEASURED.value}') AS unmeasured,
    countIf(s.state = '{ScoreState.JUDGE_ERROR.value}') AS judge_error,
    countIf(s.state = '{ScoreState.INFRASTRUCTURE_ERROR.value}') AS infrastructure_error,
    countIf(s.link = 'waiting') AS waiting,
    if(countIf(isNotNull(s.number)) > 0, avg(s.number), NULL) AS mean,
    if(countIf(isNotNull(s.number)) > 1, varSampStable(s.number), NULL) AS variance,
    CAST(arraySlice(arrayReverseSort(each -> each.2, CAST(
    sumMapIf(map(toString(s.label), toUInt64(1)), s.label != '')
    AS Array(Tuple(String, UInt64)))), 1, {_LABELS}) AS Map(String, UInt64)) AS labels"""
_STATES: Final = tuple(each.value for each in ScoreState)
_OF_TRACE: Final = ", ".join(
    (
        "toString(s.release) AS release, toString(s.name) AS name, s.trace_id AS trace_id",
        *(f"countIf(s.state = '{each}') AS {each}" for each in _STATES),
        "countIf(isNotNull(s.number)) AS size, sum(ifNull(s.number, 0)) AS total",
        "sumMapIf(map(toString(s.label), toUInt64(1)), s.label != '') AS labels",
    )
)
_OF_CALL: Final = (
    "CAST(groupArray(tuple(s.name, s.state, s.type, s.number, s.label, s.comment))"
    " AS Array(Tuple(String, String, String, Nullable(Float64), String, String))) AS scores"
)
_OF_CLUSTERS: Final = ", ".join(
    (
        "t.bucket_ns AS bucket_ns, t.release AS release, t.name AS name",
        *(f"sum(t.{each}) AS {each}" for each in _STATES),
        "sum(t.size) AS size, sum(t.total) AS total, countIf(t.size > 0) AS clusters",
        "toFloat64(sum(t.size * t.size)) AS sizes2, sum(t.total * t.total) AS totals2",
        "sum(t.size * t.total) AS products, sumMap(t.labels) AS labels",
    )
)


class _Count(msgspec.Struct):
    """A number of rows."""

    rows: int


class ScoreStore:
    """The scores of all projects; each query but `waiting` names one project."""

    def __init__(self, columns: ColumnStore) -> None:
        self._columns = columns

    def add(self, rows: Sequence[ScoreRow]) -> None:
        """Inserts all rows; they are on disk when this returns. A failure in between leaves some
        that no list shows, until they are sent again."""
        self._columns.insert("scores", rows)
        self._columns.insert("scores_by_time", rows)

    def waiting(self, count: int, seed: int) -> list[ScoreRow]:
        """Returns scores of all projects whose call has not arrived: projects take turns, and
        within one `seed` decides, so that scores whose call never comes delay no other for long."""
        return self._columns.query(
            f"SELECT {_ROW} FROM ({_IN_TURNS}) ORDER BY turn LIMIT {count:d}",  # noqa: S608 - constants
            {"seed": seed},
            ScoreRow,
        )

    def newest(
        self,
        project_id: str,
        time_range: TimeRange,
        wanted: ScoreFilter,
        after: ScorePosition | None,
        count: int,
    ) -> list[StoredScore]:
        """Returns at most `count` scores after the position, newest first.

        The newest rows are read in the order of time, also replaced ones, and those that count are
        kept. If many were replaced, or are not of the status, more are read, and then all.
        """
        where = _matching(project_id, time_range, wanted)
        if after is not None:
            where.require(
                "(s.scored_ns, s.id) < ({at:Int64}, {at_id:String})"
                " AND s.scored_ns <= {at:Int64}",  # which needs no ids
                at=after.scored_ns,
                at_id=after.id,
            )
        handled = _handled(wanted, where)
        order = "ORDER BY s.scored_ns DESC, s.id DESC"
        for rows in (count, count * _MORE):
            found = self._by_time(where, f"{order} LIMIT {rows:d}", handled)[:count]
            if len(found) == count or self._count_by_time(where, rows) < rows:
                return found
        return self._select(where, f"{order} LIMIT {count:d}", handled)

    def arrived(
        self, project_id: str, wanted: ScoreFilter, stored: TimeRange, after_id: str, count: int
    ) -> list[ArrivedScore]:
        """Returns at most `count` scores about a trace that were stored in a range of time, in the
        order of storage. Of those stored at its start, only the ones after `after_id`. Rows that
        were replaced are left out before rows are counted."""
        where = _matching(project_id, TimeRange(0, LATEST_NS), wanted)
        where.require(
            "s.stored_ns >= {after:Int64} AND s.stored_ns < {until:Int64} AND s.trace_id != ''"
            " AND (s.stored_ns, s.id) > ({after:Int64}, {after_id:String})",
            after=stored.start_ns,
            after_id=after_id,
            until=stored.end_ns,
        )
        found = f"FROM scores_by_time AS s WHERE {where.clause()}"
        return self._columns.query(
            "SELECT s.id AS id, s.stored_ns AS stored_ns, s.trace_id AS trace_id,"
            f" s.span_id AS span_id {found} AND (s.id, s.version) IN ({_present(found)})"
            f" ORDER BY s.stored_ns, s.id LIMIT 1 BY s.id LIMIT {count:d}",
            where.params,
            ArrivedScore,
        )

    def judged(
        self, project_id: str, author: str, stored: TimeRange, after_call: str, count: int
    ) -> list[JudgedCall]:
        """Returns at most `count` calls with the scores of an author that were stored in a range of
        time, in the order of storage; of those stored at its start, only the ones after
        `after_call` (trace and span id). The scores of this author about a call have one time, so
        that none here is replaced by one of another time."""
        where = _of_project(project_id)
        where.require(
            "s.author = {author:String} AND s.trace_id != '' AND s.stored_ns >= {after:Int64}"
            " AND s.stored_ns < {until:Int64}"
            " AND (s.stored_ns, concat(s.trace_id, s.span_id)) > ({after:Int64}, {call:String})",
            author=author,
            after=stored.start_ns,
            until=stored.end_ns,
            call=after_call,
        )
        return self._columns.query(
            f"SELECT s.stored_ns AS stored_ns, s.trace_id AS trace_id, s.span_id AS span_id,"  # noqa: S608 - constants
            f" {_OF_CALL} FROM scores_by_time AS s WHERE {where.clause()}"
            " GROUP BY stored_ns, trace_id, span_id"
            f" ORDER BY stored_ns, concat(trace_id, span_id) LIMIT {count:d}",
            where.params,
            JudgedCall,
        )

    def find(self, project_id: str, score_id: str) -> StoredScore | None:
        """Returns the score of this id, if the project has it."""
        where = _of_project(project_id)
        where.require("s.id = {id:String}", id=score_id)
        return next(iter(self._select(where, "LIMIT 1")), None)

    def measures(
        self,
        project_id: str,
        time_range: TimeRange,
        wanted: ScoreFilter,
        by: str,
        width_ns: int,
    ) -> list[ScoreMeasures]:
        """Returns the measures by name and type, for each value of a dimension (empty: in total),
        or for each time bucket of `width_ns`."""
        where = _matching(project_id, time_range, wanted)
        return self._columns.query(
            f"SELECT {_group(by, width_ns)} AS by, {_MEASURES} FROM scores AS s FINAL"  # noqa: S608 - constants
            f" WHERE {where.clause()} GROUP BY by, name, type, kind"
            f" ORDER BY by, name, type LIMIT {_GROUPS:d}",
            where.params,
            ScoreMeasures,
        )

    def clusters(
        self, project_id: str, author: str, within: TimeRange, width_ns: int, limit: int
    ) -> list[ScoreClusters]:
        """Returns sums over the scores of an author, by time buckets of `width_ns`, release and
        name: the newest."""
        where = _matching(project_id, within, ScoreFilter(only={"author": (author,)}))
        traces = (
            f"SELECT intDiv(s.scored_ns, {width_ns:d}) * {width_ns:d} AS bucket_ns, {_OF_TRACE}"  # noqa: S608 - constants
            f" FROM scores AS s FINAL WHERE {where.clause()}"
            " GROUP BY bucket_ns, release, name, trace_id"
        )
        return self._columns.query(
            f"SELECT {_OF_CLUSTERS} FROM ({traces}) AS t GROUP BY bucket_ns, release, name"  # noqa: S608 - constants
            f" ORDER BY bucket_ns DESC, release, name LIMIT {limit:d}",
            where.params,
            ScoreClusters,
        )

    def extreme(
        self,
        project_id: str,
        author: str,
        name: str,
        within: TimeRange,
        *,
        lowest: bool | None,
        count: int,
    ) -> list[StoredScore]:
        """Returns the scores of an author with the lowest or highest values, among equal ones the
        newest; with `None` simply the newest."""
        where = _matching(project_id, within, ScoreFilter(only={"author": (author,)}))
        where.require(f"s.name = {{name:String}} AND {_SCORED}", name=name)
        value = "" if lowest is None else f"s.number {'ASC' if lowest else 'DESC'},"
        return self._select(where, f"ORDER BY {value} s.scored_ns DESC, s.id LIMIT {count:d}")

    def _by_time(self, where: Conditions, rest: str, handled: str) -> list[StoredScore]:
        """Returns those of the newest rows that were not replaced."""
        newest = f"FROM scores_by_time AS s WHERE {where.clause()} {rest}"
        condition = f"AND {handled}" if handled else ""
        return self._columns.query(
            f"SELECT {_COLUMNS} FROM (SELECT s.* {newest}) AS s {_HANDLED}"  # noqa: S608 - constants
            f" WHERE (s.id, s.version) IN ({_present(newest)}) {condition}"
            " ORDER BY s.scored_ns DESC, s.id DESC LIMIT 1 BY s.id",
            where.params,
            StoredScore,
        )

    def _count_by_time(self, where: Conditions, most: int) -> int:
        """Returns how many rows there are, up to `most`, also replaced ones."""
        rows = f"SELECT 1 FROM scores_by_time AS s WHERE {where.clause()} LIMIT {most:d}"  # noqa: S608 - constants
        (found,) = self._columns.query(
            f"SELECT count() AS rows FROM ({rows})",  # noqa: S608 - constants
            where.params,
            _Count,
        )
        return found.rows

    def _select(self, where: Conditions, rest: str, handled: str = "") -> list[StoredScore]:
        """Finds the ids first, because comments are long; without a condition on the status
        (`handled`) those of the page only."""
        ids = f"SELECT s.id FROM scores AS s FINAL WHERE {where.clause()}"  # noqa: S608 - constants
        scores = (
            "SELECT s.* FROM scores AS s FINAL WHERE s.project_id = {project:String}"  # noqa: S608 - constants
            f" AND s.id IN ({ids} {'' if handled else rest})"
        )
        condition = f"WHERE {handled}" if handled else ""
        return self._columns.query(
            f"SELECT {_COLUMNS} FROM ({scores}) AS s {_HANDLED} {condition} {rest}",  # noqa: S608 - constants
            where.params,
            StoredScore,
        )


def _group(by: str, width_ns: int) -> str:
    if by == TIME:
        return f"toString(intDiv(s.scored_ns, {width_ns:d}) * {width_ns:d})"
    return f"toString(s.{by})" if by else "''"


def _present(rows: str) -> str:
    """Returns the query of the ids of rows with the versions that count."""
    return (
        "SELECT id, max(version) FROM scores WHERE project_id = {project:String}"  # noqa: S608 - constants
        f" AND id IN (SELECT s.id {rows}) GROUP BY id"
    )


def _of_project(project_id: str) -> Conditions:
    where = Conditions()
    where.require("s.project_id = {project:String}", project=project_id)
    return where


def _handled(wanted: ScoreFilter, where: Conditions) -> str:
    """Returns the condition on status and assignee; adds its parameters."""
    handled = Conditions()
    handled.require_any(_STATUS, "handling", wanted.handling)
    if wanted.assignee is not None:
        handled.require("h.assignee = {assignee:String}", assignee=wanted.assignee)
    where.params |= handled.params
    return handled.clause()


def _matching(project_id: str, time_range: TimeRange, wanted: ScoreFilter) -> Conditions:
    where = _of_project(project_id)
    where.require(
        "s.scored_ns >= {from:Int64} AND s.scored_ns < {to:Int64}",
        **{"from": time_range.start_ns, "to": time_range.end_ns},
    )
    for column, values in wanted.only.items():
        where.require_any(f"s.{column}", f"only_{column}", values)
    if wanted.trace_id:
        where.require("s.trace_id = {trace:String}", trace=wanted.trace_id)
    if wanted.session:
        where.require("s.of_session = {session:String}", session=wanted.session)
    if wanted.text:
        where.require(
            "concat(s.comment, '\\n', s.label) ILIKE {text:String}",
            text=f"%{wanted.text.translate(_LIKE_SPECIAL)}%",
        )
    if wanted.positive is not None:
        where.require(
            f"({_POSITIVE.replace('{}', '>' if wanted.positive else '<')})",
            thumb=int(wanted.positive),
        )
    return where
