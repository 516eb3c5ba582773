"""Compares what a shadow answered with what the callers got."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from penstock.features.shadow_reports.model import (
    MAX_COMPARED,
    ComparedPair,
    GetRollout,
    ScorePair,
    ShadowReport,
    SideFigures,
    difference_of,
    quantile,
)
from penstock.features.shadow_reports.store import ShadowCalls, SideCall
from penstock.features.traces.model import CALL, SpanRecord, TraceSpans
from penstock.kernel.errors import NotFound
from penstock.kernel.time import Clock
from penstock.rules.call import CallStatus

GetTrace = Callable[[str, str], TraceSpans]
ReadAnswer = Callable[[SpanRecord], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class ShadowReports:
    """Use cases of shadow reports. `get_trace` and `read_answer` are of the traces."""

    calls: ShadowCalls
    rollout: GetRollout
    get_trace: GetTrace
    read_answer: ReadAnswer
    clock: Clock

    def report(
        self, project_id: str, use_case: str, environment: str, time: timedelta
    ) -> ShadowReport:
        """Returns the figures of the last `time`. Raises `NotFound` without a shadow."""
        rollout = self.rollout(project_id, use_case, environment).entry
        shadow = rollout.shadow
        if shadow is None:
            raise NotFound(
                f"{rollout.place!r} has no shadow.",
                hint="Begin: penstock rollout shadow USE_CASE RELEASE --usd-per-day 5",
                code="no_shadow",
            )
        from_ns = self.clock.now_ns() - int(time.total_seconds()) * 10**9
        pairs = self.calls.pairs(project_id, rollout, shadow, from_ns)
        return ShadowReport(
            release=shadow.release,
            pairs=len(pairs),
            shadow=_figures([each for each, _ in pairs]),
            original=_figures([each for _, each in pairs]),
            scores=tuple(self._scores(project_id, pairs)),
            latest=tuple(self._compared(project_id, *pair) for pair in pairs[:MAX_COMPARED]),
        )

    def _scores(
        self, project_id: str, pairs: Sequence[tuple[SideCall, SideCall]]
    ) -> Iterator[ScorePair]:
        if not pairs:
            return
        sides = tuple({each.trace_id for each in side} for side in zip(*pairs, strict=True))
        found: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
        for score in self.calls.scores(project_id, sorted(sides[0] | sides[1])):
            found[score.name][score.trace_id not in sides[0]].append(score.mean)
        for name, (shadow, original) in sorted(found.items()):
            yield ScorePair(name, _mean(shadow), len(shadow), _mean(original), len(original))

    def _compared(self, project_id: str, shadow: SideCall, original: SideCall) -> ComparedPair:
        texts = [self._text(project_id, each) for each in (shadow, original)]
        known = all(each is not None for each in texts)
        return ComparedPair(
            trace_id=shadow.trace_id,
            original_trace_id=original.trace_id,
            status=shadow.status,
            error=shadow.error_type,
            original_status=original.status,
            difference=difference_of(texts[0] or "", texts[1] or "") if known else None,
        )

    def _text(self, project_id: str, side: SideCall) -> str | None:
        """The text of an answer; `None` if it is not recorded, or the call failed."""
        if side.status != CallStatus.OK:
            return None
        try:
            spans = self.get_trace(project_id, side.trace_id).spans
        except NotFound:  # it is deleted
            return None
        call = next((e for e in spans if e.kind == CALL and e.span_id == side.span_id), None)
        messages = self.read_answer(call) if call is not None else ()
        parts = [part for message in messages for part in message["parts"]]
        return "\n".join(str(_content(part)) for part in parts) if parts else None


def _content(part: Mapping[str, Any]) -> object:
    if part["type"] == "tool_call":
        return f"{part['name']} {part['arguments']}"
    return part.get("content", "")


def _figures(calls: Sequence[SideCall]) -> SideFigures:
    well = [each.ms for each in calls if each.status == CallStatus.OK]
    costs = [float(each.cost) for each in calls if each.cost is not None]
    return SideFigures(
        calls=len(calls),
        errors=len(calls) - len(well),
        p50_ms=quantile(well, 0.5),
        p95_ms=quantile(well, 0.95),
        cost=_mean(costs),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
