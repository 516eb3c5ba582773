"""Sockets to listen with."""

import socket
from typing import Final

_PROBE_AFTER_S: Final = 60  # TCP keep-alive finds a peer that vanished


def bound_socket(host: str, port: int, *, share_port: bool) -> socket.socket:
    """Returns a bound socket; accepted connections inherit its options. Raises `OSError`."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _PROBE_AFTER_S)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
