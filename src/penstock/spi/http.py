"""HTTP requests and answers as values, and a function to fetch.

Only `infra/egress` implements `Fetch` over the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec


class BodyFile(Protocol):
    """A request body that is on disk."""

    @property
    def size(self) -> int: ...

    def read(self, at: int, count: int) -> bytes:
        """Returns up to `count` bytes from the offset `at`."""
        ...


class HttpRequest(msgspec.Struct, frozen=True):
    """One outbound request. `url` is absolute; header names are lower-case bytes. `file`: the body,
    in place of `body`."""

    method: str
    url: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    file: BodyFile | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer. Header names are lower-case; the last of repeated headers wins."""

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
        """Raises `UpstreamFailed` if the host is unreachable or the answer is cut off or larger
        than `max_bytes`, `UpstreamTimeout` after `timeout_s` seconds. Never raises for a status."""
        ...
