"""Limits: which connections are closed, which are rejected, and all timeouts."""

import asyncio

import pytest

from infra.http_server.wire import Client, Running, get, post, serving, whole_body
from infra.http_server.wire import answer as reply
from penstock.infra.http_server import HEALTH_PATHS
from penstock.infra.http_server.asgi import Receive, Scope, Send


async def hold(running: Running, count: int, sent: bytes = b"", source: str = "") -> list[Client]:
    clients = [await running.connect(source) for _ in range(count)]
    for client in clients:
        if sent:
            client.writer.write(sent)
    await asyncio.sleep(0.05)
    return clients


async def still_open(client: Client) -> bool:
    try:
        return bool(await asyncio.wait_for(client.reader.read(1), 0.1))
    except TimeoutError:
        return True
    except ConnectionError:
        return False


@pytest.mark.parametrize("sent", [b"", b"GET / HT", get()], ids=["silent", "half a head", "kept"])
async def test_the_connection_that_was_idle_longest_is_closed_for_a_new_one(sent: bytes) -> None:
    async with serving(max_connections=8) as running:
        held = await hold(running, 8, sent)
        for client in held:
            if sent == get():
                await client.answer()
        newer = await hold(running, 3)
        assert [await still_open(client) for client in held] == [False] * 3 + [True] * 5
        assert (await newer[0].ask(get())).status == 200
        assert (running.stats.open_count, running.stats.closed_idle_count) == (8, 3)
        for client in held + newer:
            client.close()


async def test_without_an_idle_connection_only_health_paths_are_answered() -> None:
    release = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in HEALTH_PATHS:
            await release.wait()
        await reply(send, b"ok")

    async with serving(app, max_connections=4, exempt=HEALTH_PATHS) as running:
        busy = await hold(running, 4, get())
        for path, status in (("/", 503), ("/healthz", 200), ("/x", 503), ("/metrics", 200)):
            client = await running.connect()
            answer = await client.ask(get(path))
            assert (answer.status, answer.headers["connection"]) == (status, "close")
            assert answer.headers.get("retry-after") == ("1" if status == 503 else None)
            client.close()
        release.set()
        assert {(await client.answer()).status for client in busy} == {200}
        for client in busy:
            client.close()


async def test_a_full_reserve_closes_its_oldest_connection() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/busy":
            await asyncio.Event().wait()
        await reply(send, b"ok")

    async with serving(
        app, max_connections=1, reserve_connections=4, exempt=HEALTH_PATHS
    ) as running:
        busy = await hold(running, 1, get("/busy"))
        silent = await hold(running, 20)
        client = await running.connect()
        assert (await client.ask(get("/healthz"))).status == 200
        assert running.stats.open_count <= 5
        for each in [*busy, *silent, client]:
            each.close()


async def test_a_peer_has_a_limit_and_trusted_peers_have_none() -> None:
    limits = {"max_connections": 40, "max_connections_per_peer": 5, "trusted_peers": ()}
    async with serving(**limits) as running:
        greedy = await hold(running, 8, source="127.0.0.2")
        others = await hold(running, 5, source="127.0.0.3")
        assert [await still_open(client) for client in greedy] == [False] * 3 + [True] * 5
        assert all([await still_open(client) for client in others])
        assert running.stats.open_count == 10
        for client in greedy + others:
            client.close()
    async with serving(**(limits | {"trusted_peers": ("127.0.0.0/8",)})) as running:
        held = await hold(running, 8, source="127.0.0.2")
        assert all([await still_open(client) for client in held])
        for client in held:
            client.close()


async def test_a_peer_at_its_limit_without_idle_connections_gets_503() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["client"][0] == "127.0.0.2":
            await asyncio.Event().wait()
        await reply(send, b"ok")

    async with serving(
        app, max_connections=40, max_connections_per_peer=2, trusted_peers=()
    ) as running:
        busy = await hold(running, 2, get(), source="127.0.0.2")
        more = await running.connect("127.0.0.2")
        assert (await more.ask(get())).status == 503
        other = await running.connect("127.0.0.3")
        assert (await other.ask(get())).status == 200
        for client in [*busy, more, other]:
            client.close()


async def test_requests_above_the_limit_get_503() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/busy":
            await asyncio.Event().wait()
        await reply(send, b"ok")

    async with serving(app, max_requests=3, exempt=HEALTH_PATHS) as running:
        busy = await hold(running, 3, get("/busy"))
        for path, status in (("/", 503), ("/readyz", 200)):
            client = await running.connect()
            assert (await client.ask(get(path))).status == status
            client.close()
        for client in busy:
            client.close()


async def test_requests_that_wait_for_their_body_are_ended_oldest_first() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        await reply(send, b"ok")

    unfinished = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf"
    async with serving(app, max_requests=3) as running:
        waiting = await hold(running, 3, unfinished)
        client = await running.connect()
        assert (await client.ask(get())).status == 200
        assert (await waiting[0].answer()).status == 408
        waiting[2].writer.write(b"whole!")
        assert (await waiting[2].answer()).status == 200
        for one in (client, *waiting):
            one.close()


@pytest.mark.parametrize(
    ("sent", "status"), [(b"", None), (b"GET / HTTP/1.1\r\nHost", 408)], ids=["silent", "half"]
)
async def test_a_head_has_a_timeout(sent: bytes, status: int | None) -> None:
    async with serving(head_s=0.5) as running:
        client = await running.connect()
        client.writer.write(sent)
        data = await client.ended()
        assert data.startswith(b"HTTP/1.1 408" if status else b"")
        assert bool(data) == bool(status)


async def test_a_head_sent_byte_by_byte_has_the_same_timeout() -> None:
    async with serving(head_s=0.5) as running:
        client = await running.connect()
        for byte in get("/" + "a" * 200):
            client.writer.write(bytes((byte,)))
            await asyncio.sleep(0.05)
            if client.reader.at_eof() or running.stats.timed_out_count:
                break
        assert running.stats.timed_out_count == 1
        client.close()


async def test_an_idle_connection_is_closed_without_an_answer() -> None:
    async with serving(idle_s=0.5) as running:
        client = await running.connect()
        assert (await client.ask(get())).status == 200
        assert await client.ended(3) == b""


async def test_a_body_has_a_timeout_that_the_app_cannot_extend() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    async with serving(app, body_s=0.5) as running:
        client = await running.connect()
        client.writer.write(post(b"abc", length=10))
        assert (await client.ended(5)).startswith(b"HTTP/1.1 408")


async def test_a_body_that_the_app_does_not_read_is_not_buffered() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    async with serving(app) as running:
        client = await running.connect()
        client.writer.write(post(b"", length=1 << 30))
        sent = 0
        try:
            async with asyncio.timeout(2):
                while True:
                    client.writer.write(b"x" * 65536)
                    await client.writer.drain()
                    sent += 65536
        except TimeoutError:
            pass
        assert sent < 16 * 1024 * 1024  # the buffers of two sockets, and little more
        client.writer.transport.abort()


async def test_an_app_waits_for_a_slow_client_until_the_write_timeout() -> None:
    sent: list[int] = []
    over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        waiting = asyncio.ensure_future(receive())
        while not waiting.done():
            await send({"type": "http.response.body", "body": b"x" * 8192, "more_body": True})
            sent.append(8192)
            await asyncio.sleep(0)
        over.set_result((await waiting)["type"])

    async with serving(app, write_s=1.0) as running:
        client = await running.connect()
        client.reader._transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue] - reads nothing
        client.writer.write(get())
        assert await asyncio.wait_for(over, 10) == "http.disconnect"
        assert sum(sent) < 16 * 1024 * 1024
        client.writer.transport.abort()
