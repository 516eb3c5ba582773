"""The bell between those who commit and the one who publishes."""

import asyncio
import contextlib


class ChangeSignal:
    """Rung from any thread, before and after anybody listens; several rings are one."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def notify(self) -> None:
        """Something that gateways may need to know was committed."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._changed.set)

    def listen(self) -> None:
        """From now on rings are heard, on the running loop."""
        self._loop = asyncio.get_running_loop()

    async def wait(self) -> None:
        """Returns after the first ring since it last returned."""
        await self._changed.wait()
        self._changed.clear()
