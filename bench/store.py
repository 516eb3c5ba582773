"""A new embedded store with the product's ingest path, for benchmarks in one process."""

import logging
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from penstock.features.traces.assembly import OpenedTraces, open_traces
from penstock.features.traces.model import SpanRecord
from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.unknown import UnknownRecords
from penstock.infra.columns import ColumnStore, SchemaStep
from penstock.kernel.time import SystemClock
from penstock.rules.prices.charge import CostLine


@contextmanager
def opened_store(
    home: Path, others: Sequence[tuple[str, Sequence[SchemaStep]]] = ()
) -> Generator[tuple[OpenedTraces, ColumnStore], None, None]:
    """Opens the traces of `home`, with the tables of other families; closes them at the end of the
    block."""
    clock, spool = SystemClock(), home / "spool"
    opened = open_traces(
        f"chdb://{home.resolve() / 'columns'}",
        clock,
        _unexplained,
        Quarantine(spool, clock, logging.getLogger("bench")),
        UnknownRecords(spool, clock),
        others=tuple(others),
    )
    try:
        yield opened, opened.wait(60)
    finally:
        opened.close()


def settle(columns: ColumnStore, quiet_s: float = 3) -> None:
    """Waits until the engine has run no merge for `quiet_s`."""

    class Running(msgspec.Struct):
        merges: int

    since = time.monotonic()
    while time.monotonic() - since < quiet_s:
        time.sleep(0.5)
        running = columns.query("SELECT count() AS merges FROM system.merges", {}, Running)
        if running[0].merges:
            since = time.monotonic()


def _unexplained(project_id: str, span: SpanRecord) -> Sequence[CostLine]:
    """Returns no cost lines: no benchmark needs them."""
    del project_id, span
    return ()
