"""Opening the store beside the start of a process: HTTP answers before the engine is up.

What fails is tried again, ever more rarely: a person may mend it while the process serves.
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
    """A store that is being opened in a thread of its own. `first_retry_s` doubles by failure."""

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
        """The store. `Overloaded` while it opens for the first time; what made the opening fail
        until a later one succeeds."""
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
        """The store, once its opening was tried or `timeout_s` has passed; errors as for
        `store`."""
        self._tried.wait(timeout_s)
        return self.store()

    def close(self) -> None:
        """Waits for the opening, then closes what it opened."""
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
        except Exception as error:  # noqa: BLE001 - edge of a thread: who asks is told
            self._failure = PenstockError(f"The column store did not open: {error}")
        if self._store is None and self._failure is not None:
            self._log.error("%s Next try in %.0f s.", self._failure.sentence(), self._delay_s)
        self._tried.set()
        return self._store is not None
