"""The signal from committed changes to the snapshot publisher."""

import asyncio
import contextlib


class ChangeSignal:
    """Can be notified from any thread; several notifications before a `wait` count as one."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def notify(self) -> None:
        """Reports that a change was committed."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the server stops
                self._loop.call_soon_threadsafe(self._changed.set)

    def listen(self) -> None:
        """Delivers notifications to the running event loop from now on."""
        self._loop = asyncio.get_running_loop()

    async def wait(self) -> None:
        """Returns after the first notification since it last returned."""
        await self._changed.wait()
        self._changed.clear()
