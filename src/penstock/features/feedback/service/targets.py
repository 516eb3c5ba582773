"""The calls that some scores are about."""

from collections.abc import Sequence
from typing import Protocol

from penstock.features.feedback.model import REACH_NS, TargetFacts
from penstock.features.feedback.store.calls import CallFinder, FoundTarget
from penstock.features.traces.model import TimeRange
from penstock.kernel.time import LATEST_NS


class ScoreTarget(Protocol):
    """The subject of a score: a span, a trace or a session."""

    @property
    def trace_id(self) -> str: ...
    @property
    def span_id(self) -> str: ...
    @property
    def session(self) -> str: ...


class Targets:
    """The targets of some scores of one project: what they take over, and which are foreign."""

    def __init__(self, finder: CallFinder, project_id: str, now_ns: int) -> None:
        self._finder = finder
        self._project_id = project_id
        self._now_ns = now_ns
        self._found: dict[tuple[str, str], TargetFacts] = {}
        self._foreign: set[str] = set()

    def look_up(self, scores: Sequence[ScoreTarget]) -> None:
        """Looks for all targets, one query for each kind of them."""
        within = TimeRange(max(self._now_ns - REACH_NS, 0), LATEST_NS)
        spans = sorted({(each.trace_id, each.span_id) for each in scores if each.span_id})
        traces = sorted({each.trace_id for each in scores if each.trace_id and not each.span_id})
        sessions = sorted({each.session for each in scores if each.session})
        if spans:
            self._keep("span", self._finder.spans(self._project_id, within, spans))
            if left := [each for each in spans if ("span", "".join(each)) not in self._found]:
                self._foreign = self._finder.foreign(self._project_id, within, left)
        if traces:
            self._keep("trace", self._finder.traces(self._project_id, within, traces))
        if sessions:
            self._keep("session", self._finder.sessions(self._project_id, within, sessions))

    def facts(self, score: ScoreTarget) -> TargetFacts | None:
        """Returns what the score takes over; `None` if its call has not arrived."""
        return self._found.get(_key(score))

    def is_foreign(self, score: ScoreTarget) -> bool:
        """Returns whether the span is known, but to another project only."""
        return bool(score.span_id) and score.trace_id + score.span_id in self._foreign

    def _keep(self, kind: str, found: Sequence[FoundTarget]) -> None:
        for each in found:
            self._found[kind, each.key] = each


def _key(score: ScoreTarget) -> tuple[str, str]:
    if score.span_id:
        return "span", score.trace_id + score.span_id
    return ("trace", score.trace_id) if score.trace_id else ("session", score.session)
