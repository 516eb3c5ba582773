"""Reads of whole runs: few at once, and what they find is kept for those who ask again."""

from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from threading import Lock, Semaphore
from typing import Any, Final, TypeVar, cast

from penstock.kernel.errors import Overloaded

MAX_READS: Final = 2  # reads of whole evaluation runs at once, in a server; others wait
MAX_WAITING_READS: Final = 6  # reads of whole runs that wait; others are refused with 503
MAX_WAIT_S: Final = 10.0  # seconds for which a read of whole runs waits; then 503
MAX_KEPT_ROWS: Final = 250_000  # rows of comparisons in memory; the longest unused go first

T = TypeVar("T")


class HeavyReads:
    """Admits reads, and keeps their findings in memory."""

    def __init__(self) -> None:
        self._at_work = Semaphore(MAX_READS)
        self._known = Semaphore(MAX_READS + MAX_WAITING_READS)
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._rows = 0

    @contextmanager
    def admitted(self) -> Generator[None]:
        """Waits for a place. Raises `Overloaded` if too many wait already, or for too long."""
        if not self._known.acquire(blocking=False):
            raise _overloaded()
        try:
            if not self._at_work.acquire(timeout=MAX_WAIT_S):
                raise _overloaded()
            try:
                yield
            finally:
                self._at_work.release()
        finally:
            self._known.release()

    def kept(self, key: Hashable | None, find: Callable[[], T], rows: Callable[[T], int]) -> T:
        """Returns what `find` returned for this key, or returns now; `rows` is the size of it.
        Without a key it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("T", self._kept[key][1])
        with self.admitted():
            found = find()
        if key is not None:
            self._keep(key, found, rows(found))
        return found

    def _keep(self, key: Hashable, found: object, rows: int) -> None:
        with self._lock:
            self._rows += rows - self._kept.pop(key, (0, None))[0]
            self._kept[key] = rows, found
            while self._rows > MAX_KEPT_ROWS:
                self._rows -= self._kept.popitem(last=False)[1][0]


def _overloaded() -> Overloaded:
    return Overloaded(
        "The server compares other runs now.",
        hint="Try again in some seconds.",
        code="comparisons_busy",
    )
