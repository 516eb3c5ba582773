"""Opens the store in the background, so that HTTP is served before the engine is ready.

A failed opening is retried with growing pauses: an operator may repair the store meanwhile.
"""

import logging
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

from penstock.infra.columns.store import ColumnStore
from penstock.kernel.errors import Overloaded, PenstockError

_FIRST_RETRY_S: Final = 1.0
_LAST_RETRY_S: Final = 60.0


class Opening:
    """A store that a separate thread opens. `first_retry_s` doubles with each failure."""

    def __init__(
        self,
        open_store: Callable[[], ColumnStore],
        log: logging.Logger,
        *,
        first_retry_s: float = _FIRST_RETRY_S,
    ) -> None:
        self._open = open_store
        self._log = log
        self._delay_s = first_retry_s
        self._store: ColumnStore | None = None
        self._failure: PenstockError | None = None
        self._tried, self._closed = Event(), Event()
        self._thread = Thread(target=self._run, name="open-columns", daemon=True)
        self._thread.start()

    def store(self) -> ColumnStore:
        """Returns the store. Raises `Overloaded` during the first attempt to open it, and the error
        of a failed attempt until a later one succeeds."""
        if self._store is not None:
            return self._store
        if self._failure is not None:
            raise self._failure
        raise Overloaded(
            "The column store is still opening.",
            hint="Try again in a second.",
            code="column_store_opening",
            retry_after_s=1,
        )

    def wait(self, timeout_s: float) -> ColumnStore:
        """Waits for the first attempt or `timeout_s`. Returns and raises as `store` does."""
        self._tried.wait(timeout_s)
        return self.store()

    def close(self) -> None:
        """Waits for the opening, then closes the store."""
        self._closed.set()
        self._thread.join()
        if self._store is not None:
            self._store.close()

    def _run(self) -> None:
        while not self._try():
            if self._closed.wait(self._delay_s):
                return
            self._delay_s = min(2 * self._delay_s, _LAST_RETRY_S)

    def _try(self) -> bool:
        try:
            self._store = self._open()
        except PenstockError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - edge of a thread: `store` raises the error
            self._failure = PenstockError(f"The column store cannot be opened: {error}")
        if self._store is None and self._failure is not None:
            self._log.error("%s Next try in %.0f s.", self._failure.sentence(), self._delay_s)
        self._tried.set()
        return self._store is not None
