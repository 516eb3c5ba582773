"""Bringing the calls of a batch into the store: once, also after the store was restored from a
backup, and also when it refuses one of them.
"""

from collections.abc import Mapping, Sequence

from penstock.features.traces.ingest import ReadableRecord, UnreadableRecord, why, without_content
from penstock.features.traces.store import TraceStore
from penstock.infra.columns import RowsRejected


class StoredBatches:
    """Which batches the store had when this process first stored one.

    The engine knows by their names which inserts it has, but a backup does not hold that. So a
    batch of that time which comes again is counted in both tables; if it is whole in both, there
    is nothing to insert.
    """

    def __init__(self) -> None:
        self._stored_ns: Mapping[str, int] | None = None

    def has(self, store: TraceStore, batch: str, rows: int) -> bool:
        """Whether all rows of the batch are in both tables already."""
        if self._stored_ns is None:
            self._stored_ns = store.recent_batches()
        stored_ns = self._stored_ns.get(batch)
        return stored_ns is not None and store.count_batch(batch, stored_ns) == (rows, rows)


def store_calls(
    store: TraceStore, calls: Sequence[ReadableRecord], batch: str
) -> list[UnreadableRecord]:
    """Stores all calls, and returns those that the store refuses for their values.

    A refused insert is divided until the rows are alone that cause it; each part has a name of its
    own, which depends on the batch only. Other failures of the store are raised: all comes again.
    """
    return _store(store, calls, batch, batch)


def _store(
    store: TraceStore, calls: Sequence[ReadableRecord], batch: str, name: str
) -> list[UnreadableRecord]:
    try:
        store.add([row for call in calls for row in call.rows], name)
    except RowsRejected as refusal:
        if len(calls) == 1:
            return _store_one(store, calls[0], batch, name, refusal)
    else:
        return []
    half = len(calls) // 2
    return [
        *_store(store, calls[:half], batch, f"{name}/0"),
        *_store(store, calls[half:], batch, f"{name}/1"),
    ]


def _store_one(
    store: TraceStore, call: ReadableRecord, batch: str, name: str, refusal: RowsRejected
) -> list[UnreadableRecord]:
    try:
        store.add(without_content(call, batch, why(refusal)).rows, f"{name}/without-content")
    except RowsRejected as second:
        return [UnreadableRecord(call.start, call.end, why(second))]
    return []
