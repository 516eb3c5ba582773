"""The pace of a run's calls: as many at once as the provider takes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

_SLOWER: Final = 0.5  # after a 429
_LONGEST_WAIT_S: Final = 120.0  # that a provider may ask for


class CallPace:
    """Admits calls. A 429 halves how many are admitted at once, and stops new ones for as long as
    the provider says; each good answer lets a little more in, up to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._admitted = float(most)
        self._in_flight = 0
        self._not_before = 0.0
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None]:
        """Waits for a place, and holds it."""
        loop = asyncio.get_running_loop()
        while True:
            pause = self._not_before - loop.time()
            if pause <= 0 and self._in_flight < max(1, int(self._admitted)):
                break
            self._changed.clear()
            try:
                async with asyncio.timeout(pause if pause > 0 else None):
                    await self._changed.wait()
            except TimeoutError:
                continue
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            self._changed.set()

    def answered(self) -> None:
        """Notes a good answer."""
        self._admitted = min(float(self._most), self._admitted + 1 / max(1.0, self._admitted))
        self._changed.set()

    def throttled(self, retry_after_s: float) -> None:
        """Notes that the provider wants fewer calls."""
        wait = min(max(retry_after_s, 0.0), _LONGEST_WAIT_S)
        until = asyncio.get_running_loop().time() + wait
        if until > self._not_before:  # several calls at once count as one
            self._admitted = max(1.0, self._admitted * _SLOWER)
            self._not_before = until
