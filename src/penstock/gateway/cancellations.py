"""Ends work at providers that a call has given up, in the background: the call does not wait.

A provider that works on after its connection is closed gets a request of its own to end that
(`spi.chat.BuiltRequest.cancel`). One try: work that it does not end, ends by itself.
"""

import asyncio
import logging
from typing import Final

from penstock.gateway.ports import UpstreamClient
from penstock.infra.egress.exchange import UpstreamTimeLimits
from penstock.kernel.errors import PenstockError
from penstock.spi.http import HttpRequest

MAX_CANCELLATIONS: Final = 100  # requests at once that end given-up work; others are left out
CANCELLATION_S: Final = 5.0  # of one
_LIMITS: Final = UpstreamTimeLimits(
    connect_s=CANCELLATION_S,
    first_byte_s=CANCELLATION_S,
    silence_s=CANCELLATION_S,
    total_s=CANCELLATION_S,
)

_log: Final = logging.getLogger("penstock.gateway")


class Cancellations:
    """The requests of a worker that end work."""

    def __init__(self, egress: UpstreamClient) -> None:
        self._egress = egress
        self._running: set[asyncio.Task[None]] = set()

    def begin(self, request: HttpRequest, *, private_allowed: bool) -> None:
        """Sends a request in the background."""
        if len(self._running) >= MAX_CANCELLATIONS:
            _log.warning("%s is not called: too many cancellations at once", request.url)
            return
        task = asyncio.ensure_future(self._send(request, private_allowed=private_allowed))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Returns once all have ended."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _send(self, request: HttpRequest, *, private_allowed: bool) -> None:
        try:
            exchange = await self._egress.open(request, _LIMITS, private_allowed=private_allowed)
            status = exchange.status
            exchange.discard()
        except PenstockError as error:
            _log.warning("%s, which ends the work of a call, has failed: %s", request.url, error)
            return
        if status >= 300:
            _log.warning("%s, which ends the work of a call, has answered %d", request.url, status)
