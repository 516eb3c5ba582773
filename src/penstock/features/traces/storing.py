"""Bringing the calls of a batch into the store, also when it refuses one of them."""

from collections.abc import Sequence

from penstock.features.traces.ingest import Readable, Unreadable, why, without_content, writer_of
from penstock.features.traces.store import TraceStore
from penstock.infra.columns import RowsRefused


def store_calls(store: TraceStore, calls: Sequence[Readable], batch: str) -> list[Unreadable]:
    """Stores all calls, and returns those that the store refuses for their values.

    A refused insert is divided until the rows are alone that cause it; each part has a name of its
    own, which depends on the batch only. Other failures of the store are raised: all comes again.
    """
    try:
        store.add([row for call in calls for row in call.rows], batch)
    except RowsRefused as refusal:
        if len(calls) == 1:
            return _store_one(store, calls[0], batch, refusal)
    else:
        return []
    half = len(calls) // 2
    return [
        *store_calls(store, calls[:half], f"{batch}/0"),
        *store_calls(store, calls[half:], f"{batch}/1"),
    ]


def _store_one(
    store: TraceStore, call: Readable, batch: str, refusal: RowsRefused
) -> list[Unreadable]:
    try:
        bare = without_content(call, writer_of(batch.partition("/")[0]), why(refusal))
        store.add(bare.rows, f"{batch}/without-content")
    except RowsRefused as second:
        return [Unreadable(call.start, call.end, why(second))]
    return []
