"""Where a key's row is. A key has two sets of eight rows, chosen by a hash that callers cannot
predict. Counters of values that callers choose have one half of the file, all others the other.
"""

import hashlib
import mmap
from collections.abc import Iterator
from typing import Final

from penstock.infra.counters.layout import ROW, ROWS, WAYS, row_at
from penstock.infra.counters.row import Row

_NO_KEY: Final = bytes(16)
_SETS: Final = ROWS // WAYS // 2  # of one half
MAX_REMEMBERED: Final = 16_384  # places of keys that a worker remembers


class Table:
    """Finds the rows of keys."""

    def __init__(self, file: mmap.mmap, salt: bytes) -> None:
        self._file = file
        self._salt = salt
        self._places: dict[bytes, int] = {}  # offsets by key; compared with the file at each use

    def find(self, key: bytes, *, chosen: bool) -> int:
        """Returns the offset of a key's row; 0 if it has none. `chosen`: by callers."""
        place = self._places.get(key)
        if place is not None and self._file[place : place + 16] == key:
            return place
        for place in self._candidates(key, chosen=chosen):
            if self._file[place : place + 16] == key:
                self._remember(key, place)
                return place
        return 0

    def space(self, key: bytes, now_ns: int, mono_ns: int, taken: set[int], *, chosen: bool) -> int:
        """Returns the offset of a row for a new key: a free one, else one that is not needed any
        more; 0 if there is none. Does not return a place in `taken`."""
        best, best_until = 0, 0
        for place in self._candidates(key, chosen=chosen):
            if place in taken:
                continue
            data = self._file[place : place + ROW.size]
            if data[:16] == _NO_KEY:
                self._remember(key, place)
                return place
            row = Row.decode(data)
            if row is None or not row.unused(now_ns, mono_ns):
                continue
            if not best or row.until < best_until:
                best, best_until = place, row.until
        if best:
            self._remember(key, best)
        return best

    def _candidates(self, key: bytes, *, chosen: bool) -> Iterator[int]:
        digest = hashlib.blake2b(key, digest_size=8, key=self._salt).digest()
        half = _SETS if chosen else 0
        for part in (digest[:4], digest[4:]):
            first = (half + int.from_bytes(part, "little") % _SETS) * WAYS
            for way in range(WAYS):
                yield row_at(first + way)

    def _remember(self, key: bytes, place: int) -> None:
        if len(self._places) >= MAX_REMEMBERED:
            self._places.clear()
        self._places[key] = place
