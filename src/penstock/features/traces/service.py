"""The use cases of traces, one method a sentence. Everything blocks: call it off the event loop."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from penstock.features.traces.ingest import ReadableRecord, UnreadableRecord, read_batch
from penstock.features.traces.model import (
    TIME,
    Aggregate,
    Cursor,
    Dimension,
    Filter,
    Ingested,
    Overview,
    Page,
    SpanRecord,
    TimeRange,
    TraceSpans,
    bucket_ns,
    fill_gaps,
)
from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.store import TraceStore
from penstock.features.traces.storing import StoredBatches, store_calls
from penstock.features.traces.unclaimed import UnclaimedBudget, UnclaimedLimits
from penstock.infra.columns import ColumnStore
from penstock.kernel.errors import NotFound
from penstock.kernel.time import Clock
from penstock.rules.price_charge import CostLine

GROUPED_BY: Final = (
    Dimension.MODEL,
    Dimension.PROVIDER,
    Dimension.TEAM,
    Dimension.USE_CASE,
    Dimension.KEY_ID,
)


_IN_FLIGHT_NS: Final = 60 * 10**9  # an insert under way may bear an earlier time than this moment


class ExplainCost(Protocol):
    """Whoever knows prices, as traces need it: the lines that a span's cost is made of."""

    def __call__(self, project_id: str, span: SpanRecord) -> Sequence[CostLine]:
        """Empty when the price is unknown."""
        ...


class Traces:
    """Stores what gateways ship, and answers what people ask about it."""

    def __init__(
        self,
        columns: Callable[[], ColumnStore],
        clock: Clock,
        explain_cost: ExplainCost,
        quarantine: Quarantine,
        unclaimed: UnclaimedLimits | None = None,
    ) -> None:
        self._columns = columns
        self._clock = clock
        self._explain_cost = explain_cost
        self._quarantine = quarantine
        self._unclaimed = UnclaimedBudget(unclaimed or UnclaimedLimits(), clock)
        self._stored_before = StoredBatches()

    def now_ns(self) -> int:
        """The present, for time ranges that end now."""
        return self._clock.now_ns()

    def explain(self, project_id: str) -> Callable[[SpanRecord], Sequence[CostLine]]:
        """What explains the cost of a project's spans."""
        return partial(self._explain_cost, project_id)

    def ingest(self, batch: str, frames: bytes) -> Ingested:
        """Stores a batch of spool frames, once, however often it comes; on disk when it returns.
        Records that cannot be stored are quarantined, so that nothing waits behind them.

        `InvalidRequest`: it can never be stored. `Overloaded`: try again.
        """
        read, store = read_batch(batch, frames), self._store()
        readable = [one for one in read if isinstance(one, ReadableRecord)]
        quarantined = [one for one in read if isinstance(one, UnreadableRecord)]
        calls = self._unclaimed.admit(readable)
        skipped = len(readable) - len(calls)
        refused: list[UnreadableRecord] = []
        if not self._stored_before.has(store, batch, sum(len(call.rows) for call in calls)):
            refused = store_calls(store, calls, batch)
        quarantined += refused
        self._quarantine.keep(batch, frames, quarantined)
        return Ingested(len(calls) - len(refused), len(quarantined), skipped)

    def list_calls(
        self,
        project_id: str,
        time_range: TimeRange,
        wanted: Filter,
        *,
        after: Cursor | None,
        limit: int,
    ) -> Page:
        """A page of calls, newest first."""
        found = self._store().newest(project_id, time_range, wanted, after, limit + 1)
        items = found[:limit]
        more = len(found) > limit
        return Page(items, Cursor(items[-1].start_ns, items[-1].span_id) if more else None)

    def tail(self, project_id: str, *, after: Cursor | None, limit: int) -> Page:
        """The calls stored since the cursor, in the order of their arrival; without a cursor the
        last ones. `next_cursor` is always there: the place to go on from."""
        if after is None:
            items = self._store().last_arrived(project_id, self.now_ns(), limit)
        else:
            items = self._store().arrived(project_id, after, limit)
        if items:
            last = items[-1]
            return Page(items, Cursor(last.start_ns, last.span_id, last.stored_ns))
        return Page([], after or Cursor(0, "", self.now_ns() - _IN_FLIGHT_NS))

    def get_trace(self, project_id: str, trace_id: str) -> TraceSpans:
        """A trace, as much of it as may be shown at once; `NotFound` without any span."""
        found = self._store().trace(project_id, trace_id)
        if not found.spans:
            raise NotFound(
                f"There is no trace {trace_id} in this project.",
                hint="A call appears within two seconds after its answer.",
            )
        return found

    def overview(self, project_id: str, time_range: TimeRange, wanted: Filter) -> Overview:
        """Sums in total, over time and by dimension, with the range before for comparison."""
        store, width = self._store(), bucket_ns(time_range)
        found: dict[str, list[Aggregate]] = defaultdict(list)
        for one in store.sums(project_id, time_range, wanted, width, GROUPED_BY):
            found[one.by].append(one)
        return Overview(
            range=time_range,
            bucket_ns=width,
            totals=found[""][0],
            previous=store.totals(project_id, time_range.previous, wanted),
            series=fill_gaps(found[TIME], time_range, width),
            by={dimension: found[dimension] for dimension in GROUPED_BY},
        )

    def facets(self, project_id: str, time_range: TimeRange) -> dict[Dimension, list[str]]:
        """Which values there are to filter by."""
        return self._store().facets(project_id, time_range)

    def _store(self) -> TraceStore:
        return TraceStore(self._columns())
