"""Runs the translation of a large body beside the event loop, so that other calls go on."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from penstock.gateway.call_limits import KIB

T = TypeVar("T")

INLINE_BYTES: Final = 128 * KIB  # of a body that is translated on the event loop


async def offload(size: int, work: Callable[[], T]) -> T:
    """Returns the result of `work`, which reads `size` bytes: in a thread if they are many."""
    return work() if size <= INLINE_BYTES else await asyncio.to_thread(work)
