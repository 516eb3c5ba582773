"""The use cases of traces. All methods block: call them outside the event loop."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, Protocol

from penstock.features.traces.content import ContentReader
from penstock.features.traces.ingest import (
    ReadableRecord,
    is_known,
    read_batch,
)
from penstock.features.traces.messages import Message
from penstock.features.traces.model import (
    ALL_CALLS,
    GROUPED_BY,
    TIME,
    Aggregate,
    CacheMeasures,
    CallPage,
    Cursor,
    Filter,
    Ingested,
    Overview,
    RecordedRequest,
    SpanRecord,
    TargetMeasures,
    TimeRange,
    TraceSpans,
    UsedAmounts,
    bucket_ns,
    fill_gaps,
)
from penstock.features.traces.model_changes import model_changes
from penstock.features.traces.neutral_content import NO_READERS, DialectReaders
from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.recorded_requests import find_recorded
from penstock.features.traces.store import TraceStore
from penstock.features.traces.stored_text import restore
from penstock.features.traces.storing import BatchStoring
from penstock.features.traces.unclaimed import UnclaimedBudget, UnclaimedLimits
from penstock.features.traces.unknown import UnknownRecords
from penstock.infra.columns import ColumnStore
from penstock.kernel.errors import NotFound, PenstockError
from penstock.kernel.time import Clock
from penstock.rules.call import CallEnd
from penstock.rules.prices.charge import CostLine

_IN_FLIGHT_NS: Final = 60 * 10**9  # an insert in progress may have an earlier time than now


class ExplainCost(Protocol):
    """Explains the cost of a span."""

    def __call__(self, project_id: str, span: SpanRecord) -> Sequence[CostLine]:
        """Returns the lines that add up to the cost; empty if the price is unknown."""
        ...


NoteCalls = Callable[[Iterable[CallEnd]], None]
"""Gets calls that were stored, maybe again. If it raises, their batch is sent again."""


def nothing_to_note(_ends: Iterable[CallEnd]) -> None:
    """The default of `Traces`."""


class Traces:
    """Stores the batches of gateways and queries them. `content` reads payloads of all dialects."""

    def __init__(
        self,
        columns: Callable[[], ColumnStore],
        clock: Clock,
        explain_cost: ExplainCost,
        quarantine: Quarantine,
        unknown: UnknownRecords,
        *,
        readers: DialectReaders = NO_READERS,
        unclaimed: UnclaimedLimits | None = None,
        note: NoteCalls = nothing_to_note,
    ) -> None:
        self._columns = columns
        self.content = ContentReader(readers)
        self._clock = clock
        self._explain_cost = explain_cost
        self._quarantine = quarantine
        self._unknown = unknown
        self._unclaimed = UnclaimedBudget(unclaimed or UnclaimedLimits(), clock)
        self._storing = BatchStoring()
        self._note = note

    def now_ns(self) -> int:
        """Returns the current time, for time ranges that end now."""
        return self._clock.now_ns()

    def explain(self, project_id: str) -> Callable[[SpanRecord], Sequence[CostLine]]:
        """Returns the function that explains the cost of a project's spans."""
        return partial(self._explain_cost, project_id)

    def ingest(self, batch: str, frames: bytes) -> Ingested:
        """Stores a batch of spool frames exactly once, even if it is sent again. It is on disk when
        this returns. Records that cannot be stored are quarantined; records of a newer version are
        kept until `store_kept` can store them.

        Raises `InvalidRequest` if it can never be stored, `Overloaded` if it should be retried,
        `UnknownRecordsFull` if the gateway must keep it.
        """
        return self._ingest(batch, frames, batch)

    def _ingest(self, batch: str, frames: bytes, origin: str) -> Ingested:
        """`origin` names the frames in the quarantine."""
        contents, store = read_batch(batch, frames, self.content), self._store()
        self._unknown.keep(contents.unknown)
        calls = self._unclaimed.admit(contents.calls)
        rejected = [
            record
            for name, group in _by_insert(calls).items()
            for record in self._storing.store(store, name, group)
        ]
        quarantined = contents.unreadable + rejected
        self._quarantine.keep(origin, frames, quarantined)
        self._note(call.record for call in calls)
        return Ingested(
            stored=len(calls) - len(rejected),
            quarantined=len(quarantined),
            skipped=len(contents.calls) - len(calls),
            kept=contents.unknown_count,
        )

    def store_kept(self) -> None:
        """Stores the kept records that this version can read, under the same names as if they had
        arrived now. An error does not stop the others; it is raised at the end, as by `ingest`."""
        failure: PenstockError | None = None
        for kept in self._unknown.list():
            if is_known(kept.kind, kept.schema):
                try:
                    self._ingest(kept.batch, self._unknown.read(kept), kept.label)
                except PenstockError as error:
                    failure = error
                else:
                    self._unknown.remove(kept)
        if failure is not None:
            raise failure

    def list_calls(
        self,
        project_id: str,
        time_range: TimeRange,
        wanted: Filter,
        *,
        after: Cursor | None,
        limit: int,
    ) -> CallPage:
        """Returns a page of calls, newest first."""
        found = self._store().newest(project_id, time_range, wanted, after, limit + 1)
        items = found[:limit]
        more = len(found) > limit
        return CallPage(items, Cursor(items[-1].start_ns, items[-1].span_id) if more else None)

    def tail(
        self, project_id: str, *, after: Cursor | None, limit: int, wanted: Filter = ALL_CALLS
    ) -> CallPage:
        """Returns the calls stored after the cursor in order of arrival; without a cursor the last
        ones. `next_cursor` is always set, for the next request."""
        if after is None:
            items = self._store().last_arrived(project_id, wanted, self.now_ns(), limit)
        else:
            items = self._store().arrived(project_id, wanted, after, limit)
        if items:
            last = items[-1]
            return CallPage(items, Cursor(last.start_ns, last.span_id, last.stored_ns))
        return CallPage([], after or Cursor(0, "", self.now_ns() - _IN_FLIGHT_NS))

    def get_trace(self, project_id: str, trace_id: str) -> TraceSpans:
        """Returns a trace, cut to the limits of one response. Raises `NotFound`."""
        store = self._store()
        found = store.trace(project_id, trace_id)
        if not found.spans:
            raise NotFound(
                f"This project has no trace {trace_id}.",
                hint="A call appears within two seconds after its response.",
            )
        changed = model_changes(found.spans, partial(store.last_answered, project_id))
        return replace(found, changed=changed)

    def request_of(self, call: SpanRecord) -> list[Message]:
        """Returns the messages of a call's request."""
        text = restore(call.request, call.request_blobs)
        return self.content.request(text, call.dialect).messages

    def answer_of(self, call: SpanRecord) -> list[Message]:
        """Returns the messages of a call's answer, one for each choice."""
        text = restore(call.response, call.response_blobs)
        return self.content.answer(text, call.answer_dialect)

    def recorded_request(self, project_id: str, wanted: str) -> RecordedRequest:
        """Returns the request of an attempt, of which `wanted` is the span, or the span or trace of
        its call. Raises `NotFound`, `InvalidRequest`, and `Conflict` for a trace of several
        calls."""
        return find_recorded(self._store(), project_id, wanted)

    def overview(self, project_id: str, time_range: TimeRange, wanted: Filter) -> Overview:
        """Returns totals, a time series, groups by dimension, and the previous range's totals."""
        store, width = self._store(), bucket_ns(time_range)
        found: dict[str, list[Aggregate]] = defaultdict(list)
        for one in store.aggregates(project_id, time_range, wanted, width, GROUPED_BY):
            found[one.by].append(one)
        return Overview(
            range=time_range,
            bucket_ns=width,
            totals=found[""][0],
            previous=store.totals(project_id, time_range.previous, wanted),
            series=fill_gaps(found[TIME], time_range, width),
            by={dimension: found[dimension] for dimension in GROUPED_BY},
        )

    def targets(
        self, project_id: str, time_range: TimeRange, wanted: Filter
    ) -> list[TargetMeasures]:
        """Returns how the attempts of calls went, by provider and model."""
        return self._store().targets(project_id, time_range, wanted)

    def cache(self, project_id: str, time_range: TimeRange, wanted: Filter) -> CacheMeasures:
        """Returns how many calls were answered from the cache, and what that has saved."""
        return self._store().cache(project_id, time_range, wanted)

    def used(
        self,
        project_id: str,
        start_ns: int,
        end_ns: int,
        dimensions: Sequence[str],
        *,
        only: Mapping[str, Sequence[str]],
        width_ns: int,
    ) -> list[UsedAmounts]:
        """Returns what the calls with one of the values `only` that started in a range have used,
        by dimensions of limits, in time buckets of `width_ns` (0: all in one)."""
        time_range = TimeRange(start_ns, end_ns)
        return self._store().used(project_id, time_range, dimensions, only, width_ns)

    def facets(self, project_id: str, time_range: TimeRange) -> dict[str, list[str]]:
        """Returns the values that occur, for filters."""
        return self._store().facets(project_id, time_range)

    def _store(self) -> TraceStore:
        return TraceStore(self._columns())


def _by_insert(calls: Sequence[ReadableRecord]) -> dict[str, list[ReadableRecord]]:
    groups: defaultdict[str, list[ReadableRecord]] = defaultdict(list)
    for call in calls:
        groups[call.insert].append(call)
    return groups
