"""HTTP as seen by those who may not do it themselves: a request, an answer, and a way to fetch.

The one implementation that talks to the network is `infra/egress`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec


class HttpRequest(msgspec.Struct, frozen=True):
    """One outbound request. `url` is absolute; header names are lower-case bytes."""

    method: str
    url: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer. Header names are lower-case; of repeated headers the last one stands."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Fetch(Protocol):
    """Sends a request and reads the whole answer."""

    async def __call__(
        self,
        request: HttpRequest,
        *,
        timeout_s: float,
        private_allowed: bool = False,
        max_bytes: int = 16 * 1024 * 1024,
    ) -> HttpAnswer:
        """`UpstreamFailed` when unreachable, cut off or larger than `max_bytes`;
        `UpstreamTimeout` after `timeout_s` seconds; any HTTP status is an answer."""
        ...
