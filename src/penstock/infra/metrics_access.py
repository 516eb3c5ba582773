"""The access to the full `/metrics`: it needs the metrics token of the home.

The token is derived from `gateway.token`, so that server and gateways accept the same one wherever
they run, without another secret to distribute.
"""

import contextlib
import hmac
from pathlib import Path
from typing import Final

from penstock.infra.crypto import derive_key, write_private
from penstock.infra.home import Home

_PURPOSE: Final = "penstock metrics v1"


class MetricsAccess:
    """Decides whether a scrape sees all metrics. `open_to_all`: a setting that allows it."""

    def __init__(self, token: str, *, open_to_all: bool = False) -> None:
        self._expected = f"Bearer {token}".encode()
        self._open_to_all = open_to_all

    def sees_all(self, authorization: bytes) -> bool:
        """Returns whether the token is right. Without it a scrape sees no names."""
        return self._open_to_all or hmac.compare_digest(authorization, self._expected)


def open_metrics(home: Path, gateway_token: bytes, *, open_to_all: bool) -> MetricsAccess:
    """Returns the access of this home; writes the token to `metrics.token` (0600)."""
    token = derive_key(gateway_token, _PURPOSE).hex()
    with contextlib.suppress(OSError):  # on a full disk the token is valid all the same
        _write_if_changed(Home(home).metrics_token, token.encode() + b"\n")
    return MetricsAccess(token, open_to_all=open_to_all)


def _write_if_changed(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_private(path, content)
