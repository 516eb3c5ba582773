"""Reads the counter file beside the workers that change it, without their lock."""

import threading
from pathlib import Path
from typing import Final

from penstock.infra.counters.file import CounterFacts, OpenFile, open_existing
from penstock.infra.counters.layout import ROW
from penstock.infra.counters.row import Row
from penstock.infra.counters.table import Table
from penstock.kernel.time import Clock
from penstock.rules.claims import Claim, CounterState

_TRIES: Final = 50  # of a row that another process is writing


class FileReader:
    """Reads counters; nothing has been used while there is no file. For several threads."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._file: OpenFile | None = None
        self._table: Table | None = None
        self._lock = threading.Lock()

    def read(self, claim: Claim) -> CounterState:
        """Returns the state of the claim's counter in its window."""
        with self._lock:
            return self._read(claim)

    def facts(self) -> CounterFacts | None:
        """Returns since when the counters count; `None` while there is no file."""
        with self._lock:
            file = self._opened()[1]
            return file.facts() if file is not None else None

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._close()

    def _read(self, claim: Claim) -> CounterState:
        table, file = self._opened()
        place = table.find(claim.key, chosen=bool(claim.others)) if table is not None else 0
        if file is not None and place:
            for _ in range(_TRIES):
                row = Row.decode(file.data[place : place + ROW.size])
                if row is not None and row.key == claim.key:
                    return row.state(claim, int(self._clock.monotonic() * 1e9))
        return CounterState()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = self._table = None

    def _opened(self) -> tuple[Table | None, OpenFile | None]:
        """Opens the file, or the one that has replaced it."""
        if self._file is not None and not self._file.is_at(self._path):
            self._close()
        if self._file is None and (file := open_existing(self._path)) is not None:
            self._file, self._table = file, Table(file.data, file.salt)
        return self._table, self._file
