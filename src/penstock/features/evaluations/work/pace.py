"""The pace of a run's calls: as many at once as the provider takes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

_LOWEST_SHARE: Final = 0.5  # of the calls at once that is left after one wave of 429
_WAVE_S: Final = 1.0  # in which 429s count as one wave, if the provider names no time
_HELD_S: Final = 60.0  # for which no more calls are tried than the provider took
_LONGEST_WAIT_S: Final = 120.0  # that a provider may ask for


class CallPace:
    """Admits calls, at most `most` at once. A 429 stops new ones for as long as the provider says,
    and then admits as many as were under way beside the refused one: those that the provider took.
    That number holds for a minute; then each good answer lets a little more in. So a provider with
    a number of places stays busy, and is tried with one more call once a minute."""

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._admitted = float(most)
        self._lowest = 1.0  # for this wave of 429s
        self._wave_until = 0.0
        self._held_until = 0.0
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
        if asyncio.get_running_loop().time() >= self._held_until:
            self._admitted = min(self._most, self._admitted + 1 / max(1.0, self._admitted))
        self._changed.set()

    def throttled(self, retry_after_s: float) -> None:
        """Notes that the provider refused a call, which holds no place any more."""
        now = asyncio.get_running_loop().time()
        wait = min(max(retry_after_s, 0.0), _LONGEST_WAIT_S)
        if now >= self._wave_until:
            self._lowest = max(1.0, self._admitted * _LOWEST_SHARE)
            self._wave_until = now + max(wait, _WAVE_S)
        self._admitted = min(self._admitted, max(self._lowest, float(self._in_flight)))
        self._not_before = max(self._not_before, now + wait)
        self._held_until = self._not_before + _HELD_S
