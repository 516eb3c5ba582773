"""Stores the calls of a batch exactly once, also after a restore from a backup, and also if the
store rejects some of them.
"""

import secrets
from collections.abc import Sequence
from threading import Lock

from penstock.features.traces.ingest import (
    ReadableRecord,
    UnreadableRecord,
    reason_of,
    without_content,
)
from penstock.features.traces.store import TraceStore
from penstock.infra.columns import RowsRejected


class BatchStoring:
    """Stores batches once. The table decides what is missing of a batch: a process that is killed
    during an insert can leave its token behind without the rows, or the rows without the token, and
    a backup has no tokens. So a token is valid for one process and for the same missing calls: it
    stops a second insert while the engine still works on the first, after a timeout."""

    def __init__(self) -> None:
        self._process = secrets.token_hex(4)
        self._lock = Lock()  # a batch that is sent twice at once: the second finds it stored

    def store(
        self, store: TraceStore, batch: str, calls: Sequence[ReadableRecord]
    ) -> list[UnreadableRecord]:
        """Stores the calls that are missing, and returns those that the store rejects."""
        with self._lock:
            stored = store.spans_of_batch(batch)
            missing = [call for call in calls if call.row.span_id not in stored]
            token = f"{batch}@{self._process}.{len(missing)}"
            return store_calls(store, missing, token) if missing else []


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
