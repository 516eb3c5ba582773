"""Reads an answer in small steps, so that a limit cuts within a few deltas, however many arrive at
once."""

from typing import Final

from penstock.gateway.ports import ProviderResponse

STEP_BYTES: Final = 256  # two deltas of a usual stream


class SmallReads:
    """The reads of one answer, in steps."""

    def __init__(self, exchange: ProviderResponse) -> None:
        self._exchange = exchange
        self._piece = b""
        self._at = 0

    async def read(self) -> bytes:
        """Returns the next bytes; none at the end. Raises like `ProviderResponse.read`."""
        if self._at >= len(self._piece):
            self._piece, self._at = await self._exchange.read(), 0
        step = self._piece[self._at : self._at + STEP_BYTES]
        self._at += STEP_BYTES
        return step
