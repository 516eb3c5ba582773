"""Who sees everything in `/metrics`: whoever presents the metrics token of the home.

The token is derived from `gateway.token`, so that server and gateways accept the same one wherever
they run, and nobody has to hand out another secret.
"""

import contextlib
import hmac
from pathlib import Path
from typing import Final

from penstock.infra.crypto import derive_key, write_private

FILE_NAME: Final = "metrics.token"
_PURPOSE: Final = "penstock metrics v1"


class MetricsAccess:
    """Decides for each scrape what it sees. `everybody`: a setting opened the page."""

    def __init__(self, token: str, *, everybody: bool = False) -> None:
        self._expected = f"Bearer {token}".encode()
        self._everybody = everybody

    def sees_all(self, authorization: bytes) -> bool:
        """Whoever presents another token, or none, sees only what tells no names."""
        return self._everybody or hmac.compare_digest(authorization, self._expected)


def open_metrics(home: Path, gateway_token: bytes, *, everybody: bool) -> MetricsAccess:
    """The access of this home; writes the token to `metrics.token` (0600) for the operator."""
    token = derive_key(gateway_token, _PURPOSE).hex()
    with contextlib.suppress(OSError):  # a full disk: the token holds all the same
        _leave(home / FILE_NAME, token.encode() + b"\n")
    return MetricsAccess(token, everybody=everybody)


def _leave(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_private(path, content)
