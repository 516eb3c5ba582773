"""Tasks that wait for a change of state; without a waiter it costs nothing."""

import asyncio


class Waiters:
    """Unlike an `asyncio.Event` it has no state: each waiter checks its condition again."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] | None = None

    async def wait(self) -> None:
        """Returns at the next `wake`."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._waiters is None:
            self._waiters = []
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            self._waiters.remove(waiter)

    def wake(self) -> None:
        """Wakes all current waiters."""
        for waiter in self._waiters or ():
            if not waiter.done():
                waiter.set_result(None)
