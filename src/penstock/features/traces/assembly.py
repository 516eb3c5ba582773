"""Builds the traces vertical. The store opens in the background."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from penstock.features.access import Guards
from penstock.features.traces.http import (
    build_ingest_router,
    build_instance_router,
    build_overview_router,
    build_router,
)
from penstock.features.traces.ingest import is_known
from penstock.features.traces.neutral_content import NO_READERS, DialectReaders
from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.schema import FAMILY, STEPS, retention
from penstock.features.traces.service import ExplainCost, NoteCalls, Traces, nothing_to_note
from penstock.features.traces.unclaimed import UnclaimedLimits
from penstock.features.traces.unknown import UnknownRecords
from penstock.features.vertical import BackupPart, Vertical
from penstock.infra.columns import ColumnStore, Opening, SchemaStep, apply_steps, open_columns
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import Clock

_STORE_KEPT_EVERY_S: Final = 60.0
_OPENING_S: Final = 30.0
_log: Final = logging.getLogger("penstock.traces")


@dataclass(frozen=True, slots=True)
class OpenedTraces:
    """The service, the opening of its store, and the records that are not stored."""

    service: Traces
    opening: Opening
    unknown: UnknownRecords
    quarantine: Quarantine

    def check(self) -> None:
        """Raises the reason why the store cannot be used now, if there is one (`readyz`)."""
        self.opening.store()

    def wait(self, timeout_s: float) -> ColumnStore:
        """Returns the open store (for backups). Raises like `check`."""
        return self.opening.wait(timeout_s)

    async def run(self) -> None:
        """Stores kept records that this version can read: at the start, then every minute."""
        while True:
            await asyncio.to_thread(self._store_kept)
            await asyncio.sleep(_STORE_KEPT_EVERY_S)

    def notices(self) -> list[str]:
        """Returns sentences about conditions that an operator should check."""
        unknown = sum(not is_known(one.kind, one.schema) for one in self.unknown.list())
        sentences = {
            f"Records of a newer version are kept in spool/unknown ({unknown} files): upgrade the"
            " server to store them.": unknown,
            "Records that could not be stored are kept in spool/quarantined, each with its"
            " reason.": self.quarantine.usage().files,
        }
        return [sentence for sentence, applies in sentences.items() if applies]

    def gauges(self) -> Mapping[str, tuple[str, float]]:
        """Returns name → (help, value)."""
        kept = self.unknown.usage()
        return {
            "unknown_record_files": (
                "Files with records of a newer version, kept until the server is upgraded.",
                kept.files,
            ),
            "unknown_record_bytes": ("Size of these files.", kept.bytes),
            "quarantined_records": (
                "Records that could not be stored, in spool/quarantined.",
                self.quarantine.usage().files,
            ),
        }

    def _store_kept(self) -> None:
        try:
            self.opening.wait(_OPENING_S)
            self.service.store_kept()
        except (PenstockError, OSError) as failure:
            _log.warning("Records of a newer version could not be stored yet: %s", failure)

    def close(self) -> None:
        """Waits for running calls, then closes the store."""
        self.opening.close()


def open_traces(
    dsn: str,
    clock: Clock,
    explain_cost: ExplainCost,
    quarantine: Quarantine,
    unknown: UnknownRecords,
    *,
    readers: DialectReaders = NO_READERS,
    unclaimed: UnclaimedLimits | None = None,
    others: Sequence[tuple[str, Sequence[SchemaStep]]] = (),
    note: NoteCalls = nothing_to_note,
) -> OpenedTraces:
    """Starts opening the column store at `dsn` (see `open_columns`) and returns immediately.
    `readers`: of the payloads of each dialect but OpenAI's. `others`: the families of tables of
    other verticals, with their steps. `note` gets the calls that are stored.

    A failed opening is retried with increasing delays until the store is closed.
    """
    limits = unclaimed or UnclaimedLimits()
    families = ((FAMILY, STEPS), *others)
    opening = Opening(lambda: _open(dsn, limits.days, families), _log)
    service = Traces(
        opening.store,
        clock,
        explain_cost,
        quarantine,
        unknown,
        readers=readers,
        unclaimed=limits,
        note=note,
    )
    return OpenedTraces(service, opening, unknown, quarantine)


def build(guards: Guards, traces: OpenedTraces, *, backup: bool) -> Vertical:
    """Builds the vertical over opened traces. `backup`: the store is in the home, and backups
    include it. The kept records are copied first: if they are stored meanwhile, a restored server
    stores them again under the same names."""
    service = traces.service
    kept = BackupPart("spool", traces.unknown.copy_to)
    part = BackupPart("columns", lambda folder: traces.wait(0).backup(folder))
    return Vertical(
        routers=(
            build_router(service, guards.require),
            build_overview_router(service, guards.require),
            build_instance_router(service, guards.require),
            build_ingest_router(service, guards.gateway),
        ),
        checks={"columns": traces.check},
        notices=traces.notices,
        gauges=traces.gauges,
        jobs=(traces.run,),
        backup_parts=(kept, part) if backup else (kept,),
        close=traces.close,
    )


def _open(
    dsn: str, unclaimed_days: int, families: Sequence[tuple[str, Sequence[SchemaStep]]]
) -> ColumnStore:
    store = open_columns(dsn)
    try:
        for family, steps in families:
            apply_steps(store, family, steps)
        for statement in retention(unclaimed_days):
            store.command(statement)
    except BaseException:
        store.close()
        raise
    return store
