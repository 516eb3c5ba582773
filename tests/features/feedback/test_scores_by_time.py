"""Lists of scores in the order of time equal a list in memory, whatever was replaced."""

import re
import time
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from features.traces.calls import new_project
from penstock.features.feedback.model import (
    ArrivedScore,
    ScoreFilter,
    ScorePosition,
    ScoreRow,
    StoredScore,
)
from penstock.features.feedback.service.scores import ScoreService
from penstock.features.feedback.store.scores import ScoreStore
from penstock.features.traces.model import TimeRange
from penstock.infra.columns import ColumnStore
from penstock.kernel.time import SystemClock
from penstock.rules.scores.score import Score

BEGIN_NS: Final = time.time_ns() - 10**12
STEPS: Final = 60
NAMES: Final = ("quality", "tone")


@given(
    sent=st.lists(
        st.tuples(st.integers(0, 11), st.sampled_from(NAMES), st.integers(0, STEPS)),
        min_size=1,
        max_size=40,
        unique_by=lambda each: each[2],  # of two judgements at one time, none is the later one
    ),
    wanted=st.sampled_from(["", *NAMES]),
    page=st.integers(1, 5),
    span=st.tuples(st.integers(0, STEPS), st.integers(0, STEPS)),
)
def test_pages_of_scores_have_each_present_score_once_newest_first(
    columns: ColumnStore,
    sent: list[tuple[int, str, int]],
    wanted: str,
    page: int,
    span: tuple[int, int],
) -> None:
    scores, project = ScoreService(lambda: columns, SystemClock()), new_project()
    present: dict[str, tuple[str, int]] = {}
    for number, name, at in sent:
        time_ns, id_ = BEGIN_NS + at, f"s{number}"
        score = Score(name=name, value=1.0, session="s", id=id_, time_ns=time_ns)
        scores.submit_one(project, score, "k")
        if id_ not in present or present[id_][1] < time_ns:
            present[id_] = (name, time_ns)
    first, last = BEGIN_NS + min(span), BEGIN_NS + max(span) + 1
    found = _pages(scores, project, TimeRange(first, last), wanted, page)
    expected = sorted(
        time_ns
        for name, time_ns in present.values()
        if first <= time_ns < last and wanted in {"", name}
    )
    assert [each.scored_ns for each in found] == expected[::-1]


def _pages(
    scores: ScoreService, project: str, span: TimeRange, name: str, size: int
) -> list[StoredScore]:
    """Returns all pages, joined."""
    found: list[StoredScore] = []
    wanted = ScoreFilter(only={"name": (name,)} if name else {})
    after: ScorePosition | None = None
    while page := scores.list_scores(project, span, wanted, after=after, limit=size):
        found += page
        after = ScorePosition(page[-1].scored_ns, page[-1].id)
        assert len(found) <= 100
    return found


def _arrived(scores: ScoreService, project: str, size: int, name: str = "") -> list[ArrivedScore]:
    """Returns all pages of what was stored, joined."""
    found = list[ArrivedScore]()
    wanted = ScoreFilter(only={"name": (name,)} if name else {})
    after, after_id = 0, ""
    while page := scores.arrived(project, wanted, TimeRange(after, 2**62), after_id, size):
        found += page
        after, after_id = page[-1].stored_ns, page[-1].id
        assert len(found) <= 100
    return found


@given(
    sent=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(NAMES)), min_size=1, max_size=12),
    size=st.integers(1, 4),
)
def test_scores_are_followed_by_storage_each_present_one_once(
    columns: ColumnStore, sent: list[tuple[int, str]], size: int
) -> None:
    scores, project = ScoreService(lambda: columns, SystemClock()), new_project()
    for at, (number, name) in enumerate(sent):
        trace = f"{number:032x}"
        time_ns = BEGIN_NS + at  # a change has a later time, and so a row of its own
        score = Score(name=name, value=1.0, trace_id=trace, id=f"s{number}", time_ns=time_ns)
        scores.submit_one(project, score, "k")
    present = dict(sent)
    last = {number: at for at, (number, _) in enumerate(sent)}
    order = sorted(present, key=last.__getitem__)
    for wanted in ("", *NAMES):
        found = [int(each.trace_id, 16) for each in _arrived(scores, project, size, wanted)]
        assert found == [each for each in order if wanted in {"", present[each]}]


class _PlanLine(msgspec.Struct):
    """A line of a query plan."""

    explain: str


class _Explained:
    """Columns that answer with the plan of a query."""

    def __init__(self, columns: ColumnStore) -> None:
        self._columns = columns
        self.plan = ""

    def query(self, sql: str, params: Mapping[str, Any], row: type[Any]) -> list[Any]:
        lines = self._columns.query(f"EXPLAIN indexes = 1 {sql}", params, _PlanLine)
        self.plan = "\n".join(each.explain for each in lines)
        return self._columns.query(sql, params, row)


def test_new_scores_are_followed_without_reading_the_old_ones(columns: ColumnStore) -> None:
    scores, project = ScoreService(lambda: columns, SystemClock()), new_project()
    scores.submit_one(project, Score(name="tone", value=1.0, trace_id="a" * 32), "k")
    fields = ", ".join(ScoreRow.__struct_fields__)
    query = f"SELECT {fields} FROM scores WHERE project_id = {{project:String}}"
    (new,) = columns.query(query, {"project": project}, ScoreRow)
    year_ns = 365 * 24 * 3600 * 10**9
    ScoreStore(columns).add(
        [
            msgspec.structs.replace(
                new, id=f"{at:032x}", scored_ns=at * 10**9, stored_ns=new.stored_ns - year_ns
            )
            for at in range(20 * 1024)
        ]
    )
    explained = _Explained(columns)
    store = ScoreStore(cast("ColumnStore", explained))
    found = store.arrived(project, ScoreFilter(), TimeRange(new.stored_ns, 2**62), "", 10)
    assert [each.id for each in found] == [new.id]
    (read,) = re.findall(r"scores_by_time\)(.*?)(?=ReadFrom|\Z)", explained.plan, re.DOTALL)
    granules = [tuple(map(int, each)) for each in re.findall(r"Granules: (\d+)/(\d+)", read)]
    assert "by_stored" in read
    assert granules[-1][1] >= 20
    assert granules[-1][0] <= 3
