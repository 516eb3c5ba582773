"""Accepts scores, and joins them with their calls. All methods block."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from penstock.features.feedback.model import (
    AHEAD_NS,
    WAITS_NS,
    ArrivedScore,
    JudgedCall,
    Link,
    ScoreClusters,
    ScoreFilter,
    ScoreMeasures,
    ScorePosition,
    ScoreRow,
    StoredScore,
    TargetFacts,
)
from penstock.features.feedback.service.targets import Targets
from penstock.features.feedback.store.calls import CallFinder
from penstock.features.feedback.store.scores import ScoreStore
from penstock.features.traces.model import TimeRange
from penstock.infra.columns import ColumnStore
from penstock.kernel.errors import InvalidRequest, NotFound, PenstockError
from penstock.kernel.time import Clock
from penstock.rules.scores.score import Score, check_score
from penstock.rules.scores.vocabulary import MAX_BATCH, ScoreKind

_NO_FACTS: Final = TargetFacts()


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted score: its stored id, and whether its call has arrived."""

    id: str
    link: Link


Result = Accepted | PenstockError


TellFeedback = Callable[[str, Sequence[Mapping[str, Any]]], None]
"""Tells others of a project's feedback, as JSON values."""


def tell_nobody(_project_id: str, _feedback: Sequence[Mapping[str, Any]]) -> None:
    """The default of `on_feedback`."""


class ScoreService:
    """Use cases of scores. `columns` returns the open store or raises; `on_feedback` is called with
    new feedback before it is acknowledged."""

    def __init__(
        self,
        columns: Callable[[], ColumnStore],
        clock: Clock,
        on_feedback: TellFeedback = tell_nobody,
    ) -> None:
        self._columns = columns
        self._clock = clock
        self._on_feedback = on_feedback
        self._may_wait = True  # scores of an earlier process may wait
        self._fresh = False

    def now_ns(self) -> int:
        """Returns the current time, for time ranges that end now."""
        return self._clock.now_ns()

    def submit(self, project_id: str, scores: Sequence[Score], written_by: str) -> list[Result]:
        """Stores the valid scores in one insert. Returns one result for each, in their order: an
        invalid one costs no other. `written_by`: who has sent them."""
        columns, now_ns = self._columns(), self._clock.now_ns()
        results: list[Result | None] = [_problem(each, now_ns) for each in scores]
        valid = [each for each, problem in zip(scores, results, strict=True) if problem is None]
        targets = Targets(CallFinder(columns), project_id, now_ns)
        targets.look_up(valid)
        rows: list[ScoreRow] = []
        for index, score in enumerate(scores):
            if results[index] is not None:
                continue
            if targets.is_foreign(score):
                results[index] = NotFound(
                    "This span belongs to another project.",
                    hint="Send the score with a key of the project that made the call.",
                    code="span_of_another_project",
                )
                continue
            facts = targets.facts(score)
            row = _to_row(score, facts, project_id=project_id, now_ns=now_ns, written_by=written_by)
            rows.append(row)
            results[index] = Accepted(row.id, Link(row.link))
            if facts is None:
                self._may_wait = self._fresh = True
        ScoreStore(columns).add(rows)
        if feedback := [_reported(row) for row in rows if row.kind == ScoreKind.FEEDBACK.value]:
            self._on_feedback(project_id, feedback)
        return [each for each in results if each is not None]

    def check(self, scores: Sequence[Score]) -> None:
        """Raises what is wrong with the first of these scores that is not valid."""
        for each in scores:
            check_score(each)

    def submit_one(self, project_id: str, score: Score, written_by: str) -> Accepted:
        """Stores one score. Raises what is wrong with it."""
        (result,) = self.submit(project_id, [score], written_by)
        if isinstance(result, PenstockError):
            raise result
        return result

    def accepts_waiting(self) -> bool:
        """Returns whether scores that wait have come since the last time this was asked."""
        fresh, self._fresh = self._fresh, False
        return fresh

    def join_waiting(self) -> int:
        """Joins scores with calls that have arrived since, and ends the wait of old ones. Returns
        how many it has changed."""
        if not self._may_wait:
            return 0
        self._may_wait = False
        columns, now_ns = self._columns(), self._clock.now_ns()
        store = ScoreStore(columns)
        waiting = store.waiting(MAX_BATCH, now_ns)
        changed: list[ScoreRow] = []
        for project_id in {row.project_id for row in waiting}:
            rows = [row for row in waiting if row.project_id == project_id]
            changed += _joined(CallFinder(columns), project_id, rows, now_ns)
        store.add(changed)
        self._may_wait = self._may_wait or len(changed) < len(waiting) or bool(changed)
        return len(changed)

    def list_scores(
        self,
        project_id: str,
        time_range: TimeRange,
        wanted: ScoreFilter,
        *,
        after: ScorePosition | None,
        limit: int,
    ) -> list[StoredScore]:
        """Returns `limit` scores after a position, newest first, and one more if there is one."""
        return ScoreStore(self._columns()).newest(project_id, time_range, wanted, after, limit + 1)

    def arrived(
        self, project_id: str, wanted: ScoreFilter, stored: TimeRange, after_id: str, limit: int
    ) -> list[ArrivedScore]:
        """Returns scores in the order of their storage (see `ScoreStore.arrived`)."""
        store = ScoreStore(self._columns())
        return store.arrived(project_id, wanted, stored, after_id, limit)

    def measures(
        self,
        project_id: str,
        time_range: TimeRange,
        wanted: ScoreFilter,
        *,
        by: str = "",
        width_ns: int = 0,
    ) -> list[ScoreMeasures]:
        """Returns counts, mean and variance by name, in groups (see `ScoreStore.measures`)."""
        store = ScoreStore(self._columns())
        return store.measures(project_id, time_range, wanted, by, width_ns)

    def judged(
        self, project_id: str, author: str, stored: TimeRange, after_call: str, limit: int
    ) -> list[JudgedCall]:
        """Returns calls with the scores of an author, as they were stored (`ScoreStore.judged`)."""
        store = ScoreStore(self._columns())
        return store.judged(project_id, author, stored, after_call, limit)

    def clusters(
        self, project_id: str, author: str, within: TimeRange, width_ns: int, limit: int
    ) -> list[ScoreClusters]:
        """Returns sums over the scores of an author (see `ScoreStore.clusters`)."""
        store = ScoreStore(self._columns())
        return store.clusters(project_id, author, within, width_ns, limit)

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
        """Returns the lowest or highest scores of an author (see `ScoreStore.extreme`)."""
        store = ScoreStore(self._columns())
        return store.extreme(project_id, author, name, within, lowest=lowest, count=count)


def _reported(row: ScoreRow) -> dict[str, Any]:
    """Feedback as it is reported to others."""
    return {
        "project_id": row.project_id,
        "id": row.id,
        "time_ns": row.scored_ns,
        "name": row.name,
        "value": row.label if row.number is None else row.number,
        "comment": row.comment,
        "source": row.source,
        "trace_id": row.trace_id,
        "span_id": row.span_id,
        "use_case": row.use_case,
        "environment": row.environment,
        "release": row.release,
    }


def _joined(
    finder: CallFinder, project_id: str, rows: Sequence[ScoreRow], now_ns: int
) -> list[ScoreRow]:
    targets = Targets(finder, project_id, now_ns)
    targets.look_up(rows)
    changed: list[ScoreRow] = []
    for row in rows:
        facts = targets.facts(row)
        if facts is not None:
            changed.append(_with_facts(row, facts, Link.FOUND))
        elif now_ns - row.stored_ns > WAITS_NS:
            changed.append(_with_facts(row, _NO_FACTS, Link.MISSING))
    return changed


def _with_facts(row: ScoreRow, facts: TargetFacts, link: Link) -> ScoreRow:
    """Returns the row that replaces `row`, unless a later score has replaced it meanwhile."""
    return msgspec.structs.replace(
        row, **_facts(row.session, facts), version=row.version + 1, link=link.value
    )


def _problem(score: Score, now_ns: int) -> PenstockError | None:
    try:
        check_score(score)
    except InvalidRequest as error:
        return error
    if not 0 <= score.time_ns <= now_ns + AHEAD_NS:
        return InvalidRequest(
            "The time of the score is in the future.", hint="Check the clock.", param="time"
        )
    return None


def _to_row(
    score: Score, facts: TargetFacts | None, *, project_id: str, now_ns: int, written_by: str
) -> ScoreRow:
    scored_ns, value = score.time_ns or now_ns, score.value
    return ScoreRow(
        project_id=project_id,
        id=score.stored_id(),
        version=2 * scored_ns,  # a row that is joined later has the next number
        kind=score.kind.value,
        name=score.name,
        source=score.source.value,
        author=score.author,
        state=score.state.value,
        type=score.type.value,
        number=float(value) if isinstance(value, int | float) else None,
        label=value if isinstance(value, str) else "",
        comment=score.comment,
        amount=score.amount,
        trace_id=score.trace_id,
        span_id=score.span_id,
        session=score.session,
        scored_ns=scored_ns,
        stored_ns=now_ns,
        written_by=written_by,
        link=(Link.WAITING if facts is None else Link.FOUND).value,
        **_facts(score.session, facts or _NO_FACTS),
    )


def _facts(session: str, facts: TargetFacts) -> dict[str, str]:
    return {
        **{name: getattr(facts, name) for name in TargetFacts.__struct_fields__},
        "of_session": session or facts.of_session,
    }
