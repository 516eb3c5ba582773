"""Reads a provider's answer until it is whole."""

from collections.abc import Callable

from penstock.gateway.ports import ProviderResponse


async def gather(
    exchange: ProviderResponse, limit: int, hold: Callable[[int], int] | None = None
) -> bytes:
    """Reads the whole body, or a little more than `limit` bytes of a larger one. `hold` counts its
    memory."""
    pieces: list[bytes] = []
    size = counted = 0
    while size <= limit and not exchange.ended:
        piece = await exchange.read()
        pieces.append(piece)
        size += len(piece)
        if hold is not None and size > counted:
            counted = hold(size)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
