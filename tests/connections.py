"""Ends of connections, as a client sees them."""

import asyncio
import socket
import struct


def hang_up(writer: asyncio.StreamWriter) -> None:
    """Resets the connection. After a `close()` a server may still answer: a client that ends only
    its own direction soon after its request looks the same."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
