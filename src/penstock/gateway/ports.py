"""What the data plane needs of others, as it sees them."""

from typing import Protocol

from penstock.infra.egress.client import Origin
from penstock.infra.egress.exchange import UpstreamExchange, UpstreamTimeLimits
from penstock.infra.spool import OnFull
from penstock.spi.http import HttpRequest


class RecordSpool(Protocol):
    """Where call records are safe. `key` joins the two records of one call."""

    def begin(
        self, key: str, payload: bytes, *, end_bytes: int, on_full: OnFull, project: str
    ) -> None:
        """Keeps `end_bytes` for the end. `SpoolFull` without room, unless `on_full` serves on."""
        ...

    def end(self, key: str, payload: bytes, *, project: str) -> bool:
        """`False`: the record found no room and is counted as lost."""
        ...


class UpstreamClient(Protocol):
    """The way out."""

    def origin(self, url: str) -> Origin: ...

    async def open(
        self,
        request: HttpRequest,
        limits: UpstreamTimeLimits,
        *,
        private_allowed: bool = False,
        extra_headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> UpstreamExchange: ...
