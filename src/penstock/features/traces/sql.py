"""Builds SQL conditions with bound parameters. Text of clients is never part of a statement."""

import re
from typing import Final

from penstock.features.traces.model import Cursor, Filter, TimeRange
from penstock.features.traces.payload import encode
from penstock.infra.columns import Conditions, Param

_MS: Final = 1_000_000
CACHED: Final = "c.attributes['penstock.cache.hit'] = 'true'"
_WORD: Final = re.compile(rb"[0-9a-z]{4,}")  # what the text index can look up inside its tokens
_LIKE_SPECIAL: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
_TEXT: Final = (
    "lower(concat(c.request, '\\n', c.response))"  # the expression of the index `by_text`
)
_FOLDED: Final = "lowerUTF8(concat(c.request, '\\n', c.response))"


class Where(Conditions):
    """Conditions on calls."""

    def add(self, condition: str, **params: Param) -> "Where":
        """Adds a condition. Returns itself."""
        self.require(condition, **params)
        return self

    def select(self, what: str, rest: str = "", join: str = "") -> str:
        """Returns `SELECT what FROM calls` with these conditions. The table's alias is `c`, so that
        an expression may have the name of its column."""
        return f"SELECT {what} FROM calls AS c {join} WHERE {self.clause()} {rest}"  # noqa: S608 - constants


def calls(project_id: str, time_range: TimeRange) -> Where:
    """Selects the calls of a project in a time range."""
    return (
        Where()
        .add("c.project_id = {project:String}", project=project_id)
        .add(
            "c.start_time >= fromUnixTimestamp64Nano({from:Int64})", **{"from": time_range.start_ns}
        )
        .add("c.start_time < fromUnixTimestamp64Nano({to:Int64})", to=time_range.end_ns)
    )


def matching(where: Where, wanted: Filter) -> Where:
    """Adds the conditions of the filter."""
    for dimension, values in wanted.only.items():
        if values:
            name = f"only_{dimension}"
            where.add(f"c.{dimension} IN {{{name}:Array(String)}}", **{name: values})
    for index, (key, values) in enumerate(wanted.tags.items()):
        where.add(
            f"c.tags[{{tag_{index}:String}}] IN {{tag_{index}_values:Array(String)}}",
            **{f"tag_{index}": key, f"tag_{index}_values": values},
        )
    if wanted.errors_only:
        where.add("c.status != 'ok'")
    if wanted.cached_only:
        where.add(CACHED)
    if wanted.min_duration_ms is not None:
        where.add("c.duration_ns >= {min_ns:UInt64}", min_ns=round(wanted.min_duration_ms * _MS))
    if wanted.max_duration_ms is not None:
        where.add("c.duration_ns <= {max_ns:UInt64}", max_ns=round(wanted.max_duration_ms * _MS))
    if wanted.min_cost is not None:
        where.add("c.cost >= {min_cost:Decimal(18, 12)}", min_cost=f"{wanted.min_cost:f}")
    if wanted.max_cost is not None:
        where.add("c.cost <= {max_cost:Decimal(18, 12)}", max_cost=f"{wanted.max_cost:f}")
    return _containing(where, wanted.text)


def older_than(where: Where, cursor: Cursor) -> Where:
    """Selects calls after the cursor in a list with the newest first."""
    where.add("c.start_time <= fromUnixTimestamp64Nano({at:Int64})", at=cursor.start_ns)
    return where.add(
        "(c.start_time, c.span_id) < (fromUnixTimestamp64Nano({at:Int64}), {at_span:String})",
        at_span=cursor.span_id,
    )


def arrived_after(where: Where, cursor: Cursor) -> Where:
    """Selects calls that arrived after the cursor's call."""
    where.add("c.stored_time >= fromUnixTimestamp64Nano({stored:Int64})", stored=cursor.stored_ns)
    return where.add(
        "(c.stored_time, c.start_time, c.span_id) > (fromUnixTimestamp64Nano({stored:Int64}),"
        " fromUnixTimestamp64Nano({at:Int64}), {at_span:String})",
        at=cursor.start_ns,
        at_span=cursor.span_id,
    )


def trace(project_id: str, trace_id: str) -> Where:
    """Selects the calls of one trace in one project: other projects may use the same trace id."""
    where = Where().add("c.project_id = {project:String}", project=project_id)
    return where.add("c.trace_id = {trace:String}", trace=trace_id)


def span(project_id: str, span_id: str) -> Where:
    """Selects the call of a project that has this span, or an attempt that has it."""
    where = Where().add("c.project_id = {project:String}", project=project_id)
    condition = "(c.span_id = {span:String} OR has(c.attempts.span_id, {span:String}))"
    return where.add(condition, span=span_id)


def _containing(where: Where, text: str) -> Where:
    """Searches for the text in its JSON form. Conditions on single words allow use of the index."""
    if not text:
        return where
    needle = encode(text)[1:-1]
    for index, word in enumerate(_WORD.findall(needle.encode().lower())):
        name = f"word_{index}"
        where.add(f"{_TEXT} LIKE {{{name}:String}}", **{name: f"%{word.decode()}%"})
    # Only this condition folds the case of non-ASCII characters; the engine folds both sides.
    return where.add(
        f"{_FOLDED} LIKE lowerUTF8({{phrase:String}})",
        phrase=f"%{needle.translate(_LIKE_SPECIAL)}%",
    )
