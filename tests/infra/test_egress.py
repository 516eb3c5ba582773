"""The HTTP client against a provider on a plain socket."""

import asyncio
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from gateway.raw_upstream import (
    STREAM_HEAD,
    Exchanged,
    answers,
    chunk,
    raw_upstream,
    unary,
)
from penstock.infra.egress.client import BUFFER_BYTES, Egress, parse_origin
from penstock.infra.egress.exchange import HIGH_WATER, UpstreamTimeLimits
from penstock.kernel.errors import InvalidRequest, PenstockError, UpstreamFailed, UpstreamTimeout
from penstock.spi.http import HttpRequest


def post(url: str, body: bytes = b"{}", **headers: str) -> HttpRequest:
    encoded = tuple((name.encode(), value.encode()) for name, value in headers.items())
    return HttpRequest("POST", url, encoded, body)


async def fetch(egress: Egress, url: str, **options: float) -> bytes:
    answer = await egress(post(url), timeout_s=2.0, private_allowed=True, **options)  # pyright: ignore[reportArgumentType] - max_bytes
    return answer.body


async def drain(egress: Egress, url: str, limits: UpstreamTimeLimits) -> None:
    exchange = await egress.open(post(url), limits, private_allowed=True)
    async for _ in exchange:
        pass


ODD_STATUSES = (b"000", b"1", b"099", b"600", b"999", b"1000", b"-200", b"2e2")
FRAMINGS = {
    "length": unary(b"hello world"),
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunk(b"hello ")
    + chunk(b"world")
    + chunk(b""),
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + unary(b"hello world"),
    "trailers": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    + chunk(b"hello world")
    + b"0\r\nx-sum: 1\r\n\r\n",
}


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_every_framing_is_decoded_for_every_packet_boundary(framing: str) -> None:
    wire = FRAMINGS[framing]
    egress = Egress()
    for cut in range(1, len(wire)):
        async with raw_upstream(answers(wire[:cut], wire[cut:])) as upstream:
            assert await fetch(egress, upstream.url) == b"hello world"
    egress.close()


async def test_a_body_until_close_ends_with_the_connection() -> None:
    wire = b"HTTP/1.1 200 OK\r\n\r\nhello"
    async with raw_upstream(answers(wire, b" world", close=True)) as upstream:
        assert await fetch(Egress(), upstream.url) == b"hello world"


@pytest.mark.parametrize(
    "wire",
    [
        unary(b"hello world")[:-3],
        STREAM_HEAD + chunk(b"hello"),
        STREAM_HEAD + chunk(b"hello")[:-4],
        STREAM_HEAD + chunk(b"hello") + b"0\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-le",
    ],
)
async def test_a_body_that_is_cut_is_a_failure(wire: bytes) -> None:
    async with raw_upstream(answers(wire, close=True)) as upstream:
        with pytest.raises(UpstreamFailed):
            await fetch(Egress(), upstream.url)


@pytest.mark.parametrize(
    "wire",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 70_000 + b"\r\n\r\n",
        STREAM_HEAD + b"zz\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nhello",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + unary(b"hello"),
        *(b"HTTP/1.1 %b Odd\r\ncontent-length: 0\r\n\r\n" % n for n in ODD_STATUSES),
    ],
)
async def test_an_answer_that_is_not_http_is_a_failure(wire: bytes) -> None:
    async with raw_upstream(answers(wire, pause_s=1)) as upstream:
        with pytest.raises(UpstreamFailed) as caught:
            await fetch(Egress(), upstream.url)
        assert caught.value.code == "upstream_malformed"


ENDLESS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"x-more: y\r\n" * 1000),
    "one header": (b"HTTP/1.1 200 OK\r\nx: ", b"y" * 10_000),
    "interim answers": (b"", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 200),
    "status line": (b"HTTP/1.1 200 ", b"y" * 10_000),
    "chunk extension": (STREAM_HEAD + b"5;", b"y" * 10_000),
    "chunk size": (STREAM_HEAD, b"0" * 10_000),
    "trailers": (STREAM_HEAD + chunk(b"x") + b"0\r\n", b"x-more: y\r\n" * 1000),
    "one trailer": (STREAM_HEAD + chunk(b"x") + b"0\r\nx: ", b"y" * 10_000),
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_headers_trailers_and_empty_chunks_are_bounded(what: str) -> None:
    first, again = ENDLESS[what]
    sent = 0

    async def script(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(first)
        while sent < 300_000_000:
            writer.write(again)
            await writer.drain()
            sent += len(again)

    async with raw_upstream(script) as upstream:
        egress = Egress()
        tracemalloc.start()
        with pytest.raises(UpstreamFailed) as caught:
            await fetch(egress, upstream.url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert caught.value.code == "upstream_malformed"
        assert sent < 20_000_000  # the size of the kernel's buffers
        assert peak < 20_000_000
        egress.close()


async def test_trailers_are_not_headers() -> None:
    async with raw_upstream(answers(FRAMINGS["trailers"])) as upstream:
        egress = Egress()
        answer = await egress(post(upstream.url), timeout_s=2, private_allowed=True)
        assert "x-sum" not in answer.headers
        egress.close()


async def test_connections_are_kept_and_used_again() -> None:
    async with raw_upstream(answers(unary(b"one"))) as upstream:
        egress = Egress()
        for _ in range(5):
            assert await fetch(egress, upstream.url) == b"one"
        assert upstream.connections == 1
        egress.close()


@pytest.mark.parametrize("forged", [unary(b"forged"), b"HTTP/1.1 200 OK\r\n", b"H", b"x"])
@pytest.mark.parametrize("later", [False, True])
async def test_unexpected_bytes_close_the_connection(forged: bytes, *, later: bool) -> None:
    async def script(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        writer.write(unary(b"one") + (b"" if later else forged))
        if later:
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(forged)
            await asyncio.sleep(60)  # until the client closes the connection

    async with raw_upstream(script) as upstream:
        egress = Egress()
        assert await fetch(egress, upstream.url) == b"one"
        if later:
            async with asyncio.timeout(30):
                await upstream.seen[0].hung_up.wait()
        assert await fetch(egress, upstream.url) == b"one"
        assert upstream.connections == 2
        egress.close()


async def test_a_request_that_was_read_is_never_sent_again() -> None:
    async def script(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        if len(upstream.seen) == 2:  # reads a request on the reused connection and closes it
            writer.close()
        else:
            writer.write(unary(b"ok"))

    async with raw_upstream(script) as upstream:
        egress = Egress()
        assert await fetch(egress, upstream.url) == b"ok"
        with pytest.raises(UpstreamFailed) as caught:
            await fetch(egress, upstream.url)
        assert (caught.value.code, caught.value.retry_after_s) == ("upstream_connection_lost", 1)
        await asyncio.sleep(0.1)
        assert (len(upstream.seen), upstream.connections) == (2, 1)
        assert await fetch(egress, upstream.url) == b"ok"
        assert (len(upstream.seen), upstream.connections) == (3, 2)
        egress.close()


async def test_a_connection_that_the_provider_has_ended_is_not_written_to() -> None:
    async def script(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        writer.write(unary(b"ok"))
        await writer.drain()
        writer.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)

    async with raw_upstream(script) as upstream:
        egress = Egress()
        for count in range(1, 20):
            answer = await egress(post(upstream.url), timeout_s=2, private_allowed=True)
            time.sleep(0.01)  # the event loop has not seen the end of the connection yet
            assert (answer.body, len(upstream.seen)) == (b"ok", count)
        egress.close()


async def test_a_new_connection_that_fails_is_not_retried() -> None:
    async with raw_upstream(answers(close=True)) as upstream:
        with pytest.raises(UpstreamFailed, match="closed the connection before it answered"):
            await fetch(Egress(), upstream.url)
        assert len(upstream.seen) == 1


async def test_nothing_is_retried_after_the_first_byte() -> None:
    first = True

    async def script(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        nonlocal first
        writer.write(unary(b"ok") if first else b"HTTP/1.1 200 OK\r\nx: y\r\n")
        await writer.drain()
        if not first:
            writer.close()
        first = False

    async with raw_upstream(script) as upstream:
        egress = Egress()
        await fetch(egress, upstream.url)
        with pytest.raises(UpstreamFailed):
            await fetch(egress, upstream.url)
        assert len(upstream.seen) == 2


@pytest.mark.parametrize(
    ("limits", "wire", "words"),
    [
        (UpstreamTimeLimits(first_byte_s=0.2), b"", "begin its answer"),
        (UpstreamTimeLimits(silence_s=0.2), STREAM_HEAD + chunk(b"x"), "continue its answer"),
        (UpstreamTimeLimits(total_s=0.3), STREAM_HEAD + chunk(b"x"), "continue its answer"),
    ],
)
async def test_each_time_limit_ends_the_exchange(
    limits: UpstreamTimeLimits, wire: bytes, words: str
) -> None:
    async with raw_upstream(answers(wire, pause_s=60)) as upstream:
        egress = Egress()
        with pytest.raises(UpstreamTimeout, match=words):
            await drain(egress, upstream.url, limits)
        async with asyncio.timeout(30):
            await upstream.seen[0].hung_up.wait()


async def test_the_error_of_a_closed_port_names_it() -> None:
    async with raw_upstream(answers()) as upstream:
        url = upstream.url
    with pytest.raises(UpstreamFailed, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        await fetch(Egress(), url)


@pytest.mark.parametrize("wire", [b"", STREAM_HEAD + chunk(b"x")])
async def test_cancelling_closes_the_connection_at_once(wire: bytes) -> None:
    async with raw_upstream(answers(wire, pause_s=60)) as upstream:
        task = asyncio.ensure_future(fetch(Egress(), upstream.url))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await upstream.seen[0].hung_up.wait()


async def test_a_slow_reader_pauses_the_provider() -> None:
    sent = 0

    async def script(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(STREAM_HEAD)
        for _ in range(1000):
            writer.write(chunk(b"x" * 65536))
            await writer.drain()
            sent += 65536

    async with raw_upstream(script) as upstream:
        egress = Egress()
        exchange = await egress.open(post(upstream.url), UpstreamTimeLimits(), private_allowed=True)
        await asyncio.sleep(0.5)
        stuck_at = sent
        await asyncio.sleep(0.2)
        assert sent == stuck_at  # the buffers of the kernel and of the client are full
        assert HIGH_WATER < len(exchange.take()) <= HIGH_WATER + BUFFER_BYTES
        exchange.abort()


async def test_discarding_the_rest_of_an_answer_keeps_the_connection() -> None:
    async with raw_upstream(
        answers(STREAM_HEAD + chunk(b"all"), chunk(b""), pause_s=0.05)
    ) as upstream:
        egress = Egress()
        for _ in range(2):
            exchange = await egress.open(
                post(upstream.url), UpstreamTimeLimits(), private_allowed=True
            )
            assert await exchange.read() == b"all"
            exchange.discard()
            await asyncio.sleep(0.2)
        assert upstream.connections == 1


async def test_discarding_an_answer_that_does_not_end_closes_the_connection() -> None:
    async with raw_upstream(answers(STREAM_HEAD + chunk(b"all"), pause_s=60)) as upstream:
        exchange = await Egress().open(
            post(upstream.url), UpstreamTimeLimits(), private_allowed=True
        )
        await exchange.read()
        exchange.discard(grace_s=0.1)
        async with asyncio.timeout(30):
            await upstream.seen[0].hung_up.wait()


async def test_redirects_are_not_followed() -> None:
    wire = unary(b"", "302 Found", "location: http://127.0.0.1:1/\r\n")
    async with raw_upstream(answers(wire)) as upstream:
        answer = await Egress()(post(upstream.url), timeout_s=2, private_allowed=True)
        assert (answer.status, len(upstream.seen)) == (302, 1)


async def test_a_connection_to_a_private_address_is_not_reused_without_permission() -> None:
    async with raw_upstream(answers(unary(b"ok"))) as upstream:
        egress = Egress()
        await fetch(egress, upstream.url)
        with pytest.raises(UpstreamFailed) as caught:
            await egress(post(upstream.url), timeout_s=2)
        assert caught.value.code == "upstream_address_forbidden"


async def test_an_answer_above_the_bound_is_refused() -> None:
    async with raw_upstream(answers(unary(b"x" * 1000))) as upstream:
        with pytest.raises(UpstreamFailed, match="larger than 999"):
            await fetch(Egress(), upstream.url, max_bytes=999)


async def test_header_values_cannot_break_out() -> None:
    for name, value in [("x", "a\r\nevil: 1"), ("x", "a\nb"), ("x\r\ny", "a"), ("x", "a\0")]:
        with pytest.raises(InvalidRequest):
            await Egress()(post("http://127.0.0.1/", **{name: value}), timeout_s=1)


async def test_the_client_sets_host_and_length_itself() -> None:
    async with raw_upstream(answers(unary(b"ok"))) as upstream:
        await Egress()(post(upstream.url + "/a?b=c", b"12345"), timeout_s=2, private_allowed=True)
        lines = upstream.seen[0].head.split(b"\r\n")
        assert lines[0] == b"POST /v1/a?b=c HTTP/1.1"
        assert lines[1] == f"host: 127.0.0.1:{upstream.port}".encode()
        assert b"content-length: 5" in lines


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/",
        "http://",
        "x",
        "http://user:pw@host/",
        "http://host:99999/",
        "http://hö.st/\u20ac",
    ],
)
def test_anything_but_a_plain_url_is_rejected(url: str) -> None:
    with pytest.raises(PenstockError):
        parse_origin(url)


def test_an_ipv6_url_keeps_its_brackets_in_the_host_header_only() -> None:
    origin = parse_origin("https://[2001:db8::1]/v1")
    assert (origin.host, origin.port, origin.tls) == ("2001:db8::1", 443, True)
    assert origin.authority == b"[2001:db8::1]"


class CountedFile:
    """A body on disk; `reached` is how far it was read."""

    size = 32 * 1024 * 1024

    def __init__(self) -> None:
        self.reached = 0

    def read(self, at: int, count: int) -> bytes:
        self.reached = at + count
        return bytes([at // count % 251]) * min(count, self.size - at)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[str]:
    """A provider that `serve` is; waits for its end."""
    ended: list[asyncio.Future[None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(asyncio.get_running_loop().create_future())
        end = ended[-1]
        with suppress(ConnectionError):
            await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        end.set_result(None)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await asyncio.gather(*ended)


async def test_a_body_on_disk_is_read_as_fast_as_the_provider_reads_it() -> None:
    may_read, received = asyncio.Event(), 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-length: %d\r\n" % CountedFile.size in head
        await may_read.wait()
        while received < CountedFile.size:
            received += len(await reader.read(1 << 20))
        writer.write(unary(b"done"))

    egress, file = Egress(), CountedFile()
    async with serving(serve) as url:
        request = HttpRequest("POST", url, file=file)
        limits = UpstreamTimeLimits(first_byte_s=2.0)
        opening = asyncio.ensure_future(egress.open(request, limits, private_allowed=True))
        await asyncio.sleep(0.3)
        assert 0 < file.reached < file.size // 2  # what the sockets hold
        may_read.set()
        assert await (await opening).read() == b"done"
        assert received == file.size
        egress.close()


async def test_an_answer_before_the_end_of_a_body_on_disk_is_the_answer() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(unary(b"too large", "413 Content Too Large"))
        while await reader.read(1 << 16):
            pass

    egress = Egress()
    async with serving(serve) as url:
        for _ in range(2):
            request = HttpRequest("POST", url, file=CountedFile())
            exchange = await egress.open(request, UpstreamTimeLimits(), private_allowed=True)
            assert (exchange.status, await exchange.read()) == (413, b"too large")
            exchange.abort()
        egress.close()
    assert connections == 2


async def test_a_provider_that_leaves_in_a_body_on_disk_is_a_failure() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    egress = Egress()
    async with serving(serve) as url:
        request = HttpRequest("POST", url, file=CountedFile())
        with pytest.raises(UpstreamFailed):
            await egress.open(request, UpstreamTimeLimits(), private_allowed=True)
        egress.close()
