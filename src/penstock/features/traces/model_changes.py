"""Finds the calls whose answer names another model version than the call before it.

A provider may change what serves a model name: the answer then names another version of the model,
or another fingerprint of the provider's configuration.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Protocol

from penstock.features.traces.model import CALL, AnsweredBy, SpanRecord, TimeRange

MAX_MODELS: Final = 8  # of one trace; changes of further models are not looked for
LOOK_BACK_NS: Final = 30 * 24 * 3600 * 10**9


class FindAnswered(Protocol):
    """Finds the last call to a model in a time range."""

    def __call__(self, provider: str, model: str, within: TimeRange) -> AnsweredBy | None:
        """`model`: as sent to the provider. Calls whose answer names no model do not count."""
        ...


def model_changes(spans: Sequence[SpanRecord], find: FindAnswered) -> dict[str, AnsweredBy]:
    """Returns, by span id, what answered before a call of this trace that another version of its
    model answered."""
    by_model: dict[tuple[str, str], list[SpanRecord]] = {}
    for span in spans:
        if span.kind == CALL and span.response_model:
            by_model.setdefault((span.provider, span.model), []).append(span)
    return {
        span_id: before
        for (provider, model), calls in islice(by_model.items(), MAX_MODELS)
        for span_id, before in _changes(calls, find(provider, model, _before(calls[0])))
    }


def _before(first: SpanRecord) -> TimeRange:
    return TimeRange(max(first.start_ns - LOOK_BACK_NS, 0), first.start_ns)


def _changes(
    calls: Iterable[SpanRecord], before: AnsweredBy | None
) -> Iterator[tuple[str, AnsweredBy]]:
    for span in calls:
        if before is not None and _differs(span, before):
            yield span.span_id, before
        before = AnsweredBy(
            start_ns=span.start_ns,
            response_model=span.response_model,
            fingerprint=span.fingerprint,
        )


def _differs(span: SpanRecord, before: AnsweredBy) -> bool:
    """An answer without a fingerprint does not differ in it."""
    both = bool(span.fingerprint and before.fingerprint)
    return span.response_model != before.response_model or (
        both and span.fingerprint != before.fingerprint
    )
