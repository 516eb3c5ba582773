"""Reads files of a provider as a stream of lines, within bounds."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from penstock.features.batches.model import BatchSource, digest_of
from penstock.infra.egress.exchange import UpstreamExchange, UpstreamTimeLimits
from penstock.kernel.errors import UpstreamFailed
from penstock.spi.http import HttpRequest

MAX_LINE_BYTES: Final = 16 * 1024 * 1024  # of one answer in a file; longer lines are passed over
MAX_FILE_BYTES: Final = 2 * 1024**3  # of a file of answers
MAX_COPY_BYTES: Final = 64 * 1024 * 1024  # of a file of requests: on disk while answers are read
_LIMITS: Final = UpstreamTimeLimits(
    connect_s=10.0, first_byte_s=60.0, silence_s=30.0, total_s=1800.0
)


class FileTooLarge(UpstreamFailed):
    """A file has more bytes than are read."""


class OpenExchange(Protocol):
    """Sends a request; returns once the headers of its answer have arrived."""

    async def __call__(
        self, request: HttpRequest, limits: UpstreamTimeLimits, *, private_allowed: bool = False
    ) -> UpstreamExchange: ...


@asynccontextmanager
async def opened_file(
    opener: OpenExchange, source: BatchSource, file_id: str
) -> AsyncGenerator[UpstreamExchange]:
    """Opens a file of a provider. Raises `UpstreamFailed` for any other answer."""
    called = source.called
    request = source.reader.content_request(called.config, file_id)
    exchange = await opener(request, _LIMITS, private_allowed=called.private_allowed)
    try:
        if exchange.status != 200:
            raise UpstreamFailed(
                f"The provider answered the request for a file with {exchange.status}."
            )
        if exchange.header(b"content-encoding") not in (b"", b"identity"):
            raise UpstreamFailed("The provider's file is compressed.", code="upstream_malformed")
        yield exchange
    finally:
        exchange.abort()


async def lines_of(
    exchange: UpstreamExchange, max_bytes: int = MAX_FILE_BYTES
) -> AsyncGenerator[bytes | None]:
    """Yields the lines of a file, `None` for one that is longer than `MAX_LINE_BYTES`, of which no
    more is kept. Empty lines are left out. Raises `FileTooLarge`, `UpstreamFailed`."""
    kept = bytearray()
    too_long, total = False, 0
    while piece := await exchange.read():
        total += len(piece)
        *ended, rest = piece.split(b"\n")
        for end in ended:
            too_long = too_long or len(kept) + len(end) > MAX_LINE_BYTES
            line = b"" if too_long else bytes(kept + end).strip(b" \t\r")
            kept.clear()
            if too_long or line:
                yield None if too_long else line
            too_long = False
        too_long = too_long or len(kept) + len(rest) > MAX_LINE_BYTES
        if too_long:
            kept.clear()
        else:
            kept += rest
        if total > max_bytes:
            raise FileTooLarge(f"A file has more than {max_bytes} bytes; the rest is left out.")
    if too_long or kept.strip(b" \t\r"):
        yield None if too_long else bytes(kept).strip(b" \t\r")


ReadRequest = Callable[[bytes], tuple[str, bytes] | None]


class RequestCopy:
    """The requests of a batch by their ids: a file without a name in `folder`. Without a file, or
    with one that is too large, it has none."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `__exit__`
        self._places: dict[bytes, tuple[int, int]] = {}
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    async def fill(self, exchange: UpstreamExchange, read: ReadRequest) -> None:
        """Copies the requests of a file. Raises `UpstreamFailed`."""
        async for line in lines_of(exchange, MAX_COPY_BYTES):
            if line is not None:
                await asyncio.to_thread(self._add, line, read)

    def clear(self) -> None:
        """Forgets all requests."""
        self._places.clear()

    def get(self, custom_id: str) -> bytes:
        """Returns the body of a request; empty if it is not known."""
        place = self._places.get(digest_of(custom_id)[:16])
        if place is None:
            return b""
        self._file.seek(place[0])
        return self._file.read(place[1])

    def _add(self, line: bytes, read: ReadRequest) -> None:
        if (found := read(line)) is None:
            return
        custom_id, body = found
        self._file.seek(self._size)
        self._file.write(body)
        self._places[digest_of(custom_id)[:16]] = (self._size, len(body))
        self._size += len(body)
