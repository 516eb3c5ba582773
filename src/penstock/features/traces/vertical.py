"""Putting traces together: the store opened beside the start, the service on top."""

import logging
from dataclasses import dataclass

from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.schema import FAMILY, STEPS, retention
from penstock.features.traces.service import ExplainCost, Traces
from penstock.features.traces.unclaimed import UnclaimedLimits
from penstock.infra.columns import ColumnStore, Opening, apply_steps, open_columns
from penstock.kernel.time import Clock


@dataclass(frozen=True, slots=True)
class TracesVertical:
    """What a composition root gets: the service at once, its store a moment later."""

    service: Traces
    opening: Opening

    def check(self) -> None:
        """Returns when traces can do their work; raises what keeps them from it (`readyz`)."""
        self.opening.store()

    def wait(self, timeout_s: float) -> ColumnStore:
        """The open store (for backups); errors as for `check`."""
        return self.opening.wait(timeout_s)

    def close(self) -> None:
        """Waits for what is running, then gives the store back."""
        self.opening.close()


def open_traces(
    dsn: str,
    clock: Clock,
    explain_cost: ExplainCost,
    quarantine: Quarantine,
    unclaimed: UnclaimedLimits | None = None,
) -> TracesVertical:
    """Starts opening the column store behind `dsn` (see `open_columns`) and returns at once.

    A store that does not open is tried again, ever more rarely, until the vertical is closed.
    """
    limits = unclaimed or UnclaimedLimits()
    opening = Opening(lambda: _open(dsn, limits.days), logging.getLogger("penstock.traces"))
    return TracesVertical(Traces(opening.store, clock, explain_cost, quarantine, limits), opening)


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
