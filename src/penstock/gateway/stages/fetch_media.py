"""Stage before attempts: fetches media that a request names by URL, for providers with the quirk
`media_urls = fetch`.

Every address is checked, redirects included. Sizes, number and time are limited; nothing is kept
after the call.
"""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from penstock.gateway.call import Call
from penstock.gateway.call_limits import MIB, CallLimits
from penstock.gateway.fetched_media import FetchedMedia
from penstock.gateway.inflight import BODY_STEP, InFlight
from penstock.gateway.offload import offload
from penstock.gateway.ports import UpstreamClient
from penstock.gateway.stages.dispatch import keeps_content
from penstock.gateway.target import Target
from penstock.infra.egress.exchange import UpstreamExchange, UpstreamTimeLimits
from penstock.infra.egress.urls import parse_url
from penstock.kernel.errors import InvalidRequest, UpstreamFailed, UpstreamTimeout
from penstock.kernel.time import Clock
from penstock.rules.media_types import kind_of_type, media_type_of
from penstock.rules.neutral.named_media import MediaData, NamedMedium, named_media
from penstock.rules.neutral.translation import Change, ChangeKind
from penstock.spi.http import HttpRequest

MAX_MEDIA: Final = 20  # media by URL in one request
MAX_MEDIUM_BYTES: Final = 10 * MIB  # of one of them
MAX_FETCH_S: Final = 10.0  # for all media of a request
MAX_REDIRECTS: Final = 3  # for one medium
MAX_HOST_CHARS: Final = 259  # of a host and its port, in an error
FETCHES_AT_ONCE: Final = 4  # for one request

_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_HEADERS: Final = (
    (b"accept", b"*/*"),
    (b"accept-encoding", b"identity"),
    (b"user-agent", b"penstock"),
)


class _Medium(NamedTuple):
    """A medium as fetched. `digest`: the SHA-256 of its bytes."""

    data: MediaData
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class FetchMedia:
    """Fetches the media of calls. `egress` keeps no connections: its hosts are the choice of
    callers."""

    egress: UpstreamClient
    inflight: InFlight
    clock: Clock
    limits: CallLimits

    async def __call__(self, call: Call, target: Target) -> None:
        """Sets `call.media`. Raises the errors of `InFlight.hold`."""
        route = call.route
        targets = [each for each in (route.targets if route else (target,)) if each.fetches_media]
        if not targets or not call.traits.chat or call.media is not None:
            return
        wanted = await self._wanted(call, targets)
        call.media = FetchedMedia()
        if not wanted:
            return
        start_ns = self.clock.now_ns()
        now = asyncio.get_running_loop().time()
        left_s = target.limits.total_s if route is None else route.left_s(now)
        try:
            call.media = await self._fetch_all(call, wanted, min(MAX_FETCH_S, left_s))
        except InvalidRequest as error:
            call.media = FetchedMedia(failure=error.with_traceback(None))
        finally:
            call.fetched_ns = self.clock.now_ns() - start_ns

    async def _wanted(self, call: Call, targets: Sequence[Target]) -> list[NamedMedium]:
        """The media to fetch: not what the providers themselves keep."""
        try:
            read = call.surface.read_conversation
            conversation = await offload(len(call.body), lambda: read(call.body))
        except InvalidRequest:  # the provider, or the attempt, decides
            return []
        own = {_host(each.entry.base_url) for each in targets}
        return [each for each in named_media(conversation) if _host(each.url) not in own]

    async def _fetch_all(
        self, call: Call, wanted: Sequence[NamedMedium], within_s: float
    ) -> FetchedMedia:
        if len(wanted) > MAX_MEDIA:
            raise _failed(f"A request may name at most {MAX_MEDIA} media by URL.")
        memory = _Memory(call, self.inflight, self.limits.max_body_bytes * 3 // 4)
        places = asyncio.Semaphore(FETCHES_AT_ONCE)
        try:
            async with asyncio.timeout(within_s), asyncio.TaskGroup() as group:
                fetches = [self._fetch(each, memory, places, within_s) for each in wanted]
                tasks = [group.create_task(fetch) for fetch in fetches]
        except TimeoutError:
            raise _failed(f"The media of this request did not arrive in {within_s:g} s.") from None
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        found = [task.result() for task in tasks]
        shown = keeps_content(call)
        changes = [_change(*pair, shown=shown) for pair in zip(wanted, found, strict=True)]
        data = {each.url: one.data for each, one in zip(wanted, found, strict=True)}
        return FetchedMedia(data, tuple(changes))

    async def _fetch(
        self, wanted: NamedMedium, memory: "_Memory", places: asyncio.Semaphore, within_s: float
    ) -> _Medium:
        async with places:
            limits = UpstreamTimeLimits(*(within_s,) * 4)
            declared, content = await self._content(wanted, memory, limits)
        media_type = media_type_of(content, declared)
        if not media_type or kind_of_type(media_type) is not wanted.kind:
            raise _rejected(wanted, f"its content is no {wanted.kind} of a known type")
        return await offload(len(content), partial(_medium, media_type, content))

    async def _content(
        self, wanted: NamedMedium, memory: "_Memory", limits: UpstreamTimeLimits
    ) -> tuple[str, bytes]:
        """Returns content type and bytes, after a few redirects."""
        url = wanted.url
        try:
            for _ in range(MAX_REDIRECTS + 1):
                exchange = await self._open(wanted, url, limits)
                try:
                    if exchange.status in _REDIRECTS:
                        url = urljoin(url, exchange.header(b"location").decode("latin-1"))
                        continue
                    if exchange.status != 200:
                        raise _rejected(wanted, f"its server answered {exchange.status}")
                    declared = exchange.header(b"content-type").decode("latin-1")
                    return declared, await _read(wanted, exchange, memory)
                finally:
                    exchange.abort()
        except UpstreamFailed as error:
            reason = error.message.removesuffix(".")
            private = error.code == "upstream_address_forbidden"
            raise _rejected(wanted, reason, private=private) from error
        except UpstreamTimeout as error:
            raise _rejected(wanted, "its server did not answer in time") from error
        except ValueError as error:
            raise _rejected(wanted, "its server redirects to an invalid URL") from error
        raise _rejected(wanted, f"its server redirects more than {MAX_REDIRECTS} times")

    async def _open(
        self, wanted: NamedMedium, url: str, limits: UpstreamTimeLimits
    ) -> UpstreamExchange:
        url = url.partition("#")[0]
        try:
            parsed = parse_url(url)
        except InvalidRequest as error:
            raise _rejected(wanted, error.message.removesuffix(".")) from error
        private = f"{parsed.host}:{parsed.port}" in self.limits.media_private_hosts
        request = HttpRequest("GET", url, _HEADERS)
        return await self.egress.open(request, limits, private_allowed=private)


class _Memory:
    """Counts the bytes of all media of a call: they may be as large as a request."""

    def __init__(self, call: Call, inflight: InFlight, most: int) -> None:
        self._call = call
        self._inflight = inflight
        self._most = most
        self._taken = 0
        self._counted = 0

    def take(self, size: int) -> None:
        """Raises `InvalidRequest` for too many bytes, and the errors of `InFlight.hold`."""
        self._taken += size
        if self._taken > self._most:
            raise _failed(f"The media of this request are larger than {self._most} bytes.")
        if self._taken >= self._counted + BODY_STEP:  # the bytes, and soon their base64
            self._counted = self._taken
            self._inflight.hold(self._call, len(self._call.body) + self._taken * 7 // 3)


def _medium(media_type: str, content: bytes) -> _Medium:
    data = MediaData(media_type, base64.b64encode(content).decode())
    return _Medium(data, len(content), hashlib.sha256(content).hexdigest())


async def _read(wanted: NamedMedium, exchange: UpstreamExchange, memory: _Memory) -> bytes:
    declared = exchange.header(b"content-length")
    size, pieces = 0, list[bytes]()
    if declared.isdigit() and int(declared[:20]) > MAX_MEDIUM_BYTES:
        raise _rejected(wanted, f"it is larger than {MAX_MEDIUM_BYTES} bytes")
    while piece := await exchange.read():
        size += len(piece)
        if size > MAX_MEDIUM_BYTES:
            raise _rejected(wanted, f"it is larger than {MAX_MEDIUM_BYTES} bytes")
        memory.take(len(piece))
        pieces.append(piece)
    return b"".join(pieces)


def _change(wanted: NamedMedium, found: _Medium, *, shown: bool) -> Change:
    """Returns what was fetched; with its digest, which reveals what is short, if it is `shown`."""
    digest = f" sha256:{found.digest}" if shown else ""
    text = f"{wanted.kind} {found.data.media_type} {found.size} bytes{digest}"
    return Change(ChangeKind.FETCHED, text)


def _rejected(wanted: NamedMedium, reason: str, *, private: bool = False) -> InvalidRequest:
    """Returns the error for a medium. It names only the host: a path or query may be a secret."""
    return _failed(
        f"The {wanted.kind} at {_host(wanted.url)!r} cannot be fetched: {reason}.", private=private
    )


def _host(url: str) -> str:
    """Returns host and port as written, without a user; empty for what is no URL."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2][:MAX_HOST_CHARS]
    except ValueError:
        return ""


def _failed(message: str, *, private: bool = False) -> InvalidRequest:
    hint = "Send the data itself in the request, or give another URL."
    if private:
        hint += " The setting gateway.media_private_hosts allows private addresses."
    return InvalidRequest(message, hint=hint, code="media_not_fetched", param="media.url")
