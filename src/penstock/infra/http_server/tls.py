"""TLS on an accepted connection.

Not the event loop's own: that would keep connections from the pool until their handshake is done,
outside of every limit.
"""

import asyncio
import logging
from typing import Final

from penstock.infra.http_server.hub import Hub

_log: Final = logging.getLogger("penstock.http")


async def handshake(
    hub: Hub, raw: asyncio.Transport, protocol: asyncio.Protocol
) -> asyncio.Transport | None:
    """The transport to use from now on; `None` when there is no agreement, or not in time."""
    if hub.tls is None:
        return None
    try:
        return await hub.loop.start_tls(
            raw,
            protocol,
            hub.tls,
            server_side=True,
            ssl_handshake_timeout=hub.limits.tls_handshake_s,
        )
    except OSError as error:  # errors of TLS and time-outs are among them
        _log.debug("A TLS handshake failed: %s", error)
        return None
