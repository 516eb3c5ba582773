"""Stores the calls of a batch exactly once, also after a restore from a backup, and also if the
store rejects some of them.
"""

from collections.abc import Mapping, Sequence

from penstock.features.traces.ingest import (
    ReadableRecord,
    UnreadableRecord,
    reason_of,
    without_content,
)
from penstock.features.traces.store import TraceStore
from penstock.infra.columns import RowsRejected


class StoredBatches:
    """The batches that were in the store when this process first stored one.

    The engine deduplicates inserts by name, but a backup does not contain this. So if one of these
    batches is sent again, its calls are counted; if all are there, nothing is inserted.
    """

    def __init__(self) -> None:
        self._stored_ns: Mapping[str, int] | None = None

    def has(self, store: TraceStore, batch: str, calls: int) -> bool:
        """Returns whether all calls of the batch are already in the store."""
        if self._stored_ns is None:
            self._stored_ns = store.recent_batches()
        stored_ns = self._stored_ns.get(batch)
        return stored_ns is not None and store.count_batch(batch, stored_ns) == calls


def store_calls(
    store: TraceStore, calls: Sequence[ReadableRecord], name: str
) -> list[UnreadableRecord]:
    """Stores all calls once under `name`, and returns those that the store rejects because of their
    values.

    A rejected insert is divided until the rejected calls are isolated; the name of each part
    depends on `name` only. Other errors of the store are raised, and the batch is retried.
    """
    try:
        store.add([call.row for call in calls], name)
    except RowsRejected as rejection:
        if len(calls) == 1:
            return _store_one(store, calls[0], name, rejection)
    else:
        return []
    half = len(calls) // 2
    return [
        *store_calls(store, calls[:half], f"{name}/0"),
        *store_calls(store, calls[half:], f"{name}/1"),
    ]


def _store_one(
    store: TraceStore, call: ReadableRecord, name: str, rejection: RowsRejected
) -> list[UnreadableRecord]:
    try:
        store.add([without_content(call, reason_of(rejection)).row], f"{name}/without-content")
    except RowsRejected as second:
        return [UnreadableRecord(call.start, call.end, reason_of(second))]
    return []
