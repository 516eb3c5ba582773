"""Which calls a rule takes next, in the order in which calls or feedback were stored."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from penstock.features.datasets.rules import RulePosition, StoredRule
from penstock.features.feedback.model import ArrivedScore, ScoreFilter
from penstock.features.traces.model import CallPage, Cursor, Filter, TimeRange
from penstock.rules.sampling import is_sampled

_PAGE: Final = 500
_MAX_PAGES: Final = 20  # that are read at once; the next time goes on after them


class ListArrivedCalls(Protocol):
    """Returns calls in the order of their storage."""

    def __call__(
        self, project_id: str, *, after: Cursor | None, limit: int, wanted: Filter
    ) -> CallPage: ...


class ListArrivedScores(Protocol):
    """Returns scores about traces in the order of their storage."""

    def __call__(
        self, project_id: str, wanted: ScoreFilter, stored: TimeRange, after_id: str, limit: int
    ) -> Sequence[ArrivedScore]: ...


@dataclass(frozen=True, slots=True)
class ChosenCall:
    """A call to add: its span, or its trace. `position`: of what has chosen it."""

    wanted: str
    trace_id: str
    position: RulePosition


@dataclass(frozen=True, slots=True)
class ChosenCalls:
    """Calls in order. `position` is where the next time begins; `finished`: nothing is left before
    the given time."""

    calls: Sequence[ChosenCall]
    position: RulePosition
    finished: bool


class RuleCalls:
    """Finds the calls of rules."""

    def __init__(self, calls: ListArrivedCalls, scores: ListArrivedScores) -> None:
        self._calls = calls
        self._scores = scores

    def choose(self, stored: StoredRule, until_ns: int, limit: int) -> ChosenCalls:
        """Returns at most `limit` calls of what was stored after the rule's position, and before
        `until_ns`."""
        read = self._arrived if stored.rule.feedback is None else self._judged
        chosen, position = list[ChosenCall](), stored.progress.position
        for page in _pages(read, stored, until_ns):
            for each in page:
                position = each.position
                if is_sampled(each.trace_id, stored.rule.share):
                    chosen.append(each)
                if len(chosen) == limit:
                    return ChosenCalls(chosen, position, finished=False)
            if len(page) < _PAGE:
                return ChosenCalls(chosen, RulePosition(until_ns), finished=True)
        return ChosenCalls(chosen, position, finished=False)

    def _arrived(
        self, stored: StoredRule, after: RulePosition, until_ns: int
    ) -> Sequence[ChosenCall]:
        cursor = Cursor(after.start_ns, after.id, after.stored_ns)
        page = self._calls(stored.project_id, after=cursor, limit=_PAGE, wanted=stored.rule.calls())
        return [
            ChosenCall(
                each.span_id,
                each.trace_id,
                RulePosition(each.stored_ns, each.start_ns, each.span_id),
            )
            for each in page.items
            if each.stored_ns < until_ns
        ]

    def _judged(
        self, stored: StoredRule, after: RulePosition, until_ns: int
    ) -> Sequence[ChosenCall]:
        within = TimeRange(after.stored_ns, until_ns)
        found = self._scores(stored.project_id, stored.rule.scores(), within, after.id, _PAGE)
        return [
            ChosenCall(
                each.span_id or each.trace_id,
                each.trace_id,
                RulePosition(each.stored_ns, id=each.id),
            )
            for each in found
        ]


def _pages(
    read: Callable[[StoredRule, RulePosition, int], Sequence[ChosenCall]],
    stored: StoredRule,
    until_ns: int,
) -> Iterator[Sequence[ChosenCall]]:
    after = stored.progress.position
    for _ in range(_MAX_PAGES):
        page = read(stored, after, until_ns)
        yield page
        after = page[-1].position
