"""What the data plane needs of `infra`, as Protocols."""

from typing import Protocol

from penstock.gateway.cache_entry import EntryLock
from penstock.infra.egress.client import Origin
from penstock.infra.egress.exchange import UpstreamExchange, UpstreamTimeLimits
from penstock.infra.spool import OnFull
from penstock.spi.http import HttpRequest


class RecordSpool(Protocol):
    """Stores call records durably. `key` joins the two records of one call."""

    def begin(
        self, key: str, payload: bytes, *, end_bytes: int, on_full: OnFull, project: str
    ) -> None:
        """Writes the first record and reserves `end_bytes` for the second. Raises `SpoolFull` when
        there is no space, unless `on_full` says to serve without a record."""
        ...

    def end(self, key: str, payload: bytes, *, project: str) -> bool:
        """Writes the second record. Returns `False` if there was no space: the record is lost and
        counted."""
        ...


class AnswerStore(Protocol):
    """Keeps cached answers. A place is `<project>/<digest of the request>`."""

    async def read(self, place: str) -> bytes | None: ...

    def write(self, place: str, content: bytes, expires_s: float) -> None:
        """Keeps an answer until a Unix time. Never raises."""
        ...

    async def lock(self, place: str, size: int) -> EntryLock | None:
        """Locks the place of an answer of up to `size` bytes; `None` while another call holds it.
        Raises `OSError` or `PenstockError` if it could not be kept."""
        ...


class ProviderResponse(Protocol):
    """A provider's answer while it is received, as `UpstreamExchange` describes it."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> list[tuple[bytes, bytes]]: ...
    @property
    def complete(self) -> bool: ...
    @property
    def ended(self) -> bool: ...

    def header(self, wanted: bytes) -> bytes: ...
    async def read(self) -> bytes: ...
    def take(self) -> bytes: ...
    def note_content(self) -> None: ...
    def discard(self) -> None: ...


class ProviderExchange(ProviderResponse, Protocol):
    """A provider's answer whose connection is still ours."""

    def give_back(self, data: bytes) -> None: ...
    def abort(self) -> None: ...


class UpstreamClient(Protocol):
    """Opens requests to providers."""

    def origin(self, url: str) -> Origin: ...

    async def open(
        self,
        request: HttpRequest,
        limits: UpstreamTimeLimits,
        *,
        private_allowed: bool = False,
        extra_headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> UpstreamExchange: ...
