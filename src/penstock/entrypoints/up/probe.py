"""A minimal blocking HTTP client that checks whether a process is ready."""

import contextlib
import json
import socket
from typing import Any, Final

from penstock.infra.tls import LocalTrust

_TIMEOUT_S: Final = 2.0


def get(
    host: str, port: int, path: str, key: str = "", *, certificate: str = ""
) -> tuple[int, bytes]:
    """Sends GET and returns status and body. With a file with its certificate by TLS. Raises
    `OSError` if the server does not answer."""
    with contextlib.ExitStack() as opened:
        address = (host.strip("[]"), port)
        sock = opened.enter_context(socket.create_connection(address, timeout=_TIMEOUT_S))
        if certificate:
            sock = opened.enter_context(LocalTrust(certificate)().wrap_socket(sock))
        lines = [f"GET {path} HTTP/1.0", f"host: {host}:{port}"]
        lines += [f"authorization: Bearer {key}"] if key else []
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = bytearray()
        while piece := sock.recv(65536):
            answer += piece
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    status = head[9:12]
    return (int(status) if status.isdigit() else 0), body


def is_ready(host: str, port: int, certificate: str = "") -> bool:
    """True if `/readyz` on that port answers 200."""
    with contextlib.suppress(OSError):
        return get(host, port, "/readyz", certificate=certificate)[0] == 200
    return False


def models(host: str, port: int, key: str, certificate: str = "") -> list[str]:
    """The model ids that the gateway lists for this key; empty if it does not answer."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        listed: dict[str, Any] = json.loads(
            get(host, port, "/v1/models", key, certificate=certificate)[1]
        )
        return [str(model["id"]) for model in listed["data"]]
    return []
