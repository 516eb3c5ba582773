"""Lists of scores in the order of time equal a list in memory, whatever was replaced."""

import time
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from features.traces.calls import new_project
from penstock.features.feedback.model import ScoreFilter, ScorePosition, StoredScore
from penstock.features.feedback.service.scores import ScoreService
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
