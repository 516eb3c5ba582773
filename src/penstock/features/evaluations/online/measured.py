"""The calls that an online evaluation has measured, in the order in which scores were stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from penstock.features.context import Context
from penstock.features.evaluations.model import FindEvaluator, MeasuredCall
from penstock.features.evaluations.online.model import StoredOnlineRule, facts_of
from penstock.features.evaluations.online.rules import get_rule
from penstock.features.feedback.model import CallScore, JudgedCall
from penstock.features.traces.model import TimeRange
from penstock.rules.evaluation.measurements import Measurement, Value
from penstock.rules.evaluation.metrics import MetricFacts
from penstock.rules.scores.vocabulary import ScoreState, ScoreType


class StoredJudgements(Protocol):
    """The calls with scores of an author, in the order of storage."""

    def judged(
        self, project_id: str, author: str, stored: TimeRange, after_call: str, limit: int
    ) -> Sequence[JudgedCall]: ...


@dataclass(frozen=True, slots=True)
class MeasuredCallReader:
    """Reads measured calls. Methods raise `NotFound`."""

    context: Context
    find: FindEvaluator
    scores: StoredJudgements

    def facts(self, project_id: str, name: str) -> Mapping[str, MetricFacts]:
        """Returns the metrics of an online evaluation."""
        return facts_of(self._rule(project_id, name), self.find)

    def measured(
        self, project_id: str, name: str, stored: TimeRange, after_key: str, limit: int
    ) -> Sequence[MeasuredCall]:
        """Returns calls whose measurements were stored in a range of time; of those stored at its
        start, only the ones after a key."""
        author = self._rule(project_id, name).author
        found = self.scores.judged(project_id, author, stored, after_key, limit)
        return [_measured(each) for each in found]

    def _rule(self, project_id: str, name: str) -> StoredOnlineRule:
        with self.context.database.read() as connection:
            return get_rule(connection, project_id, name)


def _measured(call: JudgedCall) -> MeasuredCall:
    measurements = {
        each.name: Measurement(ScoreState(each.state), _value(each), each.comment)
        for each in call.scores
    }
    return MeasuredCall(call.stored_ns, call.trace_id, call.span_id, measurements)


def _value(score: CallScore) -> Value:
    if score.number is None:
        return score.label or None
    return bool(score.number) if score.type == ScoreType.BOOLEAN.value else score.number
