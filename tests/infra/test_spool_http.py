"""Shipping over HTTP: the meaning of each status for a batch, with a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from penstock.infra.egress.client import Egress
from penstock.infra.spool import SendOutcome
from penstock.infra.spool.ship_http import http_send


class Server:
    """Answers every request with `status` and records the requests."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 3\r\n\r\nwhy" % self.status)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(status: int) -> AsyncIterator[tuple[Server, str]]:
    server = Server(status)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listener:
        yield server, f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"


async def _ask(
    url: str, data: bytes = b"frames", *, timeout_s: float = 5.0
) -> tuple[SendOutcome, str]:
    egress = Egress()
    try:
        return await http_send(egress, url, "token", timeout_s=timeout_s)("w-000001:0-9", data)
    finally:
        egress.close()


async def test_a_batch_is_sent_with_its_name_and_the_gateway_token() -> None:
    data = bytes(range(256)) * 1000
    async with serving(200) as (server, url):
        assert await _ask(url, data) == (SendOutcome.STORED, "")
    [head] = server.heads
    assert head.startswith(b"post /internal/v1/calls http/1.1\r\n")
    assert b"\r\nauthorization: bearer token\r\n" in head
    assert b"\r\nx-penstock-batch: w-000001:0-9\r\n" in head
    assert server.bodies == [data]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_status_about_the_batch_rejects_it(status: int) -> None:
    async with serving(status) as (_, url):
        assert await _ask(url) == (SendOutcome.REJECTED, f"the server answered {status}: why")


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 502, 503, 301])
async def test_after_any_other_status_the_batch_is_retried(status: int) -> None:
    async with serving(status) as (_, url):
        outcome, detail = await _ask(url)
    assert outcome is SendOutcome.RETRY
    assert str(status) in detail


async def test_an_unreachable_server_is_retried() -> None:
    async with serving(200) as (_, url):
        pass
    outcome, detail = await _ask(url)
    assert outcome is SendOutcome.RETRY
    assert detail


async def test_a_timeout_counts_as_a_failure_over_the_batch() -> None:
    stopped = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stopped.wait()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        outcome, _ = await _ask(url, timeout_s=0.2)
        stopped.set()
    assert outcome is SendOutcome.FAILED


async def test_status_507_defers_the_batch() -> None:
    async with serving(507) as (_, url):
        assert await _ask(url) == (SendOutcome.DEFERRED, "the server answered 507: why")


async def test_status_500_counts_as_a_failure_over_the_batch() -> None:
    async with serving(500) as (_, url):
        assert await _ask(url) == (SendOutcome.FAILED, "the server answered 500: why")
