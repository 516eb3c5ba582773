"""Writes results to the ledger in batches: a row is written once, when it is complete."""

import asyncio
from collections.abc import Sequence
from typing import Final

from penstock.features.evaluations import store
from penstock.features.evaluations.model import Result
from penstock.infra.sql import Database

BATCH: Final = 250  # rows of one transaction
MAX_WAITING: Final = 1000  # rows in memory; then the run waits for the database
_EVERY_S: Final = 0.5


class LedgerWriter:
    """The rows of one run that are not written yet. What a kill loses is done again: the answers
    come back by their idempotency keys."""

    def __init__(self, database: Database, run_id: str) -> None:
        self._database = database
        self._run_id = run_id
        self._waiting: list[Result] = []
        self._written = asyncio.Lock()

    async def add(self, result: Result) -> None:
        """Adds a row; waits if too many are not written."""
        self._waiting.append(result)
        if len(self._waiting) >= MAX_WAITING:
            await self.flush()

    async def run(self) -> None:
        """Writes twice a second, until it is cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Writes all rows."""
        async with self._written:
            while self._waiting:
                batch = self._waiting[:BATCH]
                await asyncio.to_thread(self._write, batch)
                del self._waiting[: len(batch)]

    def _write(self, batch: Sequence[Result]) -> None:
        with self._database.write() as tx:
            store.save_results(tx.connection, self._run_id, batch)
