"""Keeps records that can never be stored in the home, with the reason, within limits."""

import logging
from collections.abc import Sequence
from pathlib import Path

from penstock.features.traces.ingest import UnreadableRecord
from penstock.infra.spool.quarantine import (
    QUARANTINED,
    QuarantineLimits,
    Reason,
    quarantine_record,
    trim_records,
)
from penstock.infra.spool.unknown import FolderUsage, folder_usage
from penstock.kernel.time import Clock, rfc3339


class Quarantine:
    """Keeps records in `<spool>/quarantined`, where `penstock spool list` shows them.

    Above `limits` the oldest are deleted. Write errors are only logged: a full disk must not block
    the following records.
    """

    def __init__(
        self, spool: Path, clock: Clock, log: logging.Logger, limits: QuarantineLimits | None = None
    ) -> None:
        self._spool = spool
        self._clock = clock
        self._log = log
        self._limits = limits or QuarantineLimits()

    def usage(self) -> FolderUsage:
        """Measures the quarantined records."""
        return folder_usage(self._spool / QUARANTINED, "*.record")

    def keep(self, batch: str, frames: bytes, records: Sequence[UnreadableRecord]) -> None:
        """Quarantines records of a batch. Repeating the call replaces them."""
        if not records:
            return
        at = rfc3339(self._clock.now_ns())
        first = records[0].reason
        self._log.warning("%d records of %s cannot be stored: %r", len(records), batch, first)
        try:
            for one in records:
                reason = Reason(f"{batch}@{one.start}", one.reason, at)
                quarantine_record(self._spool, frames[one.start : one.end], reason)
            trim_records(self._spool, self._limits)
        except OSError as failure:
            self._log.error("Records of %s that cannot be stored are lost: %s", batch, failure)
