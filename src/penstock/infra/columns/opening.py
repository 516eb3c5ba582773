"""Opening the store beside the start of a process: HTTP answers before the engine is up."""

from collections.abc import Callable
from threading import Thread

from penstock.infra.columns.store import ColumnStore
from penstock.kernel.errors import Overloaded, PenstockError


class Opening:
    """A store that is being opened in a thread of its own."""

    def __init__(self, open_store: Callable[[], ColumnStore]) -> None:
        self._open = open_store
        self._store: ColumnStore | None = None
        self._failure: PenstockError | None = None
        self._thread = Thread(target=self._run, name="open-columns", daemon=True)
        self._thread.start()

    def store(self) -> ColumnStore:
        """The store. `Overloaded` while it opens; afterwards what made the opening fail."""
        if self._failure is not None:
            raise self._failure
        if self._store is None:
            raise Overloaded(
                "The column store is still opening.",
                hint="Try again in a second.",
                code="column_store_opening",
                retry_after_s=1,
            )
        return self._store

    def wait(self, timeout_s: float) -> ColumnStore:
        """The store, once it is open or `timeout_s` has passed; errors as for `store`."""
        self._thread.join(timeout_s)
        return self.store()

    def close(self) -> None:
        """Waits for the opening, then closes what it opened."""
        self._thread.join()
        if self._store is not None:
            self._store.close()

    def _run(self) -> None:
        try:
            self._store = self._open()
        except PenstockError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - edge of a thread: who asks is told
            self._failure = PenstockError(f"The column store did not open: {error}")
