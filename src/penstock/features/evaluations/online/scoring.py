"""Writes what was measured as scores. A score has the time of its call and an identity of rule,
metric and call: written again after a crash, it replaces itself."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from penstock.features.context import Context
from penstock.features.evaluations.online import store
from penstock.features.evaluations.online.model import (
    MAX_EVALUATORS,
    DrawCounts,
    SampledCall,
    StoredOnlineRule,
    Strata,
)
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.measurements import Measurement, judge_error
from penstock.rules.scores.score import Score, check_score
from penstock.rules.scores.vocabulary import MAX_BATCH, MAX_COMMENT_CHARS, ScoreSource

_CALLS_AT_ONCE: Final = 200  # that are read together
_CALLS_TOGETHER: Final = MAX_BATCH // MAX_EVALUATORS  # all scores of a call are stored at one time


class SubmitScores(Protocol):
    """Stores scores, each on its own."""

    def __call__(self, project_id: str, scores: Sequence[Score], written_by: str) -> object: ...


class MeasuredScores:
    """Writes the scores of measured calls."""

    def __init__(self, context: Context, submit: SubmitScores) -> None:
        self._context = context
        self._submit = submit

    def write(self) -> int:
        """Writes the scores of calls that were measured. Returns how many calls."""
        with self._context.database.read() as connection:
            measured = store.measured_samples(connection, _CALLS_AT_ONCE)
            ids = {each.rule_id for each in measured}
            found = {each: store.find_rule_by_id(connection, each) for each in ids}
        for rule_id, rule in found.items():
            if rule is not None:
                self._write(rule, [each for each in measured if each.rule_id == rule_id])
        return len(measured)

    def _write(self, rule: StoredOnlineRule, measured: Sequence[SampledCall]) -> None:
        for first in range(0, len(measured), _CALLS_TOGETHER):
            scores = list(scores_of(rule, measured[first : first + _CALLS_TOGETHER]))
            self._submit(rule.project_id, scores, rule.id)
        counts: Strata = {}
        for each in measured:
            one = DrawCounts(measured=1, cost_usd=each.cost_usd)
            counts[each.stratum] = counts.get(each.stratum, DrawCounts()).plus(one)
        with self._context.database.write() as tx:
            if store.find_rule_by_id(tx.connection, rule.id) is None:
                return
            store.remove_samples(tx.connection, rule.id, [each.span_id for each in measured])
            store.add_counts(tx.connection, rule.id, counts)


def scores_of(rule: StoredOnlineRule, measured: Sequence[SampledCall]) -> Iterator[Score]:
    """Yields the scores of calls, one for each metric."""
    for call in measured:
        for name, found in call.measurements.items():
            yield _score(rule, call, name, found)


def _score(rule: StoredOnlineRule, call: SampledCall, name: str, found: Measurement) -> Score:
    """Returns a score. A value that a score cannot have is an error of the judge."""
    score = _unchecked(rule, call, name, found)
    try:
        check_score(score)
    except InvalidRequest as error:
        return _unchecked(rule, call, name, judge_error(error.message))
    return score


def _unchecked(rule: StoredOnlineRule, call: SampledCall, name: str, found: Measurement) -> Score:
    return Score(
        name=name,
        value=found.value,
        state=found.state,
        comment=_printable(found.reason)[:MAX_COMMENT_CHARS],
        source=ScoreSource.EVALUATOR,
        author=rule.author,
        trace_id=call.trace_id,
        span_id=call.span_id,
        time_ns=call.start_ns,
    )


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
