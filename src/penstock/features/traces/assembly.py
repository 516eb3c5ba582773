"""Builds the traces vertical. The store opens in the background."""

import logging
from dataclasses import dataclass

from penstock.features.access import Guards
from penstock.features.traces.http import build_ingest_router, build_instance_router, build_router
from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.schema import FAMILY, STEPS, retention
from penstock.features.traces.service import ExplainCost, Traces
from penstock.features.traces.unclaimed import UnclaimedLimits
from penstock.features.vertical import BackupPart, Vertical
from penstock.infra.columns import ColumnStore, Opening, apply_steps, open_columns
from penstock.kernel.time import Clock


@dataclass(frozen=True, slots=True)
class OpenedTraces:
    """The service, and the opening of its store."""

    service: Traces
    opening: Opening

    def check(self) -> None:
        """Raises the reason why the store cannot be used now, if there is one (`readyz`)."""
        self.opening.store()

    def wait(self, timeout_s: float) -> ColumnStore:
        """Returns the open store (for backups). Raises like `check`."""
        return self.opening.wait(timeout_s)

    def close(self) -> None:
        """Waits for running calls, then closes the store."""
        self.opening.close()


def open_traces(
    dsn: str,
    clock: Clock,
    explain_cost: ExplainCost,
    quarantine: Quarantine,
    unclaimed: UnclaimedLimits | None = None,
) -> OpenedTraces:
    """Starts opening the column store at `dsn` (see `open_columns`) and returns immediately.

    A failed opening is retried with increasing delays until the store is closed.
    """
    limits = unclaimed or UnclaimedLimits()
    opening = Opening(lambda: _open(dsn, limits.days), logging.getLogger("penstock.traces"))
    return OpenedTraces(Traces(opening.store, clock, explain_cost, quarantine, limits), opening)


def build(guards: Guards, traces: OpenedTraces, *, backup: bool) -> Vertical:
    """Builds the vertical over opened traces. `backup`: the store is in the home, and backups
    include it."""
    service = traces.service
    part = BackupPart("columns", lambda folder: traces.wait(0).backup(folder))
    return Vertical(
        routers=(
            build_router(service, guards.require),
            build_instance_router(service, guards.require),
            build_ingest_router(service, guards.gateway),
        ),
        checks={"columns": traces.check},
        backup_parts=(part,) if backup else (),
        close=traces.close,
    )


def _open(dsn: str, unclaimed_days: int) -> ColumnStore:
    store = open_columns(dsn)
    try:
        apply_steps(store, FAMILY, STEPS)
        for statement in retention(unclaimed_days):
            store.command(statement)
    except BaseException:
        store.close()
        raise
    return store
