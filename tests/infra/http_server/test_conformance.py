"""Conformance with HTTP/1.1 and ASGI."""

import asyncio
import time
from email.utils import parsedate_to_datetime

import pytest

from infra.http_server.wire import (
    HOST,
    chunked,
    get,
    piece,
    post,
    serving,
    start,
    whole_body,
)
from infra.http_server.wire import answer as reply
from penstock.infra.http_server.asgi import Receive, Scope, Send
from tests.connections import hang_up


async def test_a_connection_serves_one_request_after_the_other() -> None:
    async with serving() as running:
        client = await running.connect()
        for body in (b"one", b"", b"three" * 50_000):
            answer = await client.ask(post(body))
            assert (answer.status, answer.body) == (200, body)
            assert "connection" not in answer.headers
            stamped = parsedate_to_datetime(answer.headers["date"]).timestamp()
            assert abs(stamped - time.time()) < 5
        client.close()


async def test_the_scope_describes_the_request() -> None:
    async with serving() as running:
        await running.ask(get("/a%20b/%C3%BC?q=%20", b"X-Case: Kept As It Is", b"x-two:1"))
        (scope,) = running.seen.scopes
        assert (scope["type"], scope["method"], scope["http_version"]) == ("http", "GET", "1.1")
        assert (scope["path"], scope["raw_path"]) == ("/a b/ü", b"/a%20b/%C3%BC")
        assert (scope["query_string"], scope["scheme"]) == (b"q=%20", "http")
        assert scope["headers"] == [
            (b"host", b"here"),
            (b"x-case", b"Kept As It Is"),
            (b"x-two", b"1"),
        ]
        assert scope["client"][0] == "127.0.0.1"
        assert scope["server"] == ("127.0.0.1", running.server.port)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (b"GET http://here/x?y HTTP/1.1", "/x"),
        (b"GET HTTP://HERE HTTP/1.1", "/"),
        (b"OPTIONS * HTTP/1.1", "*"),
        (b"GET /%zz HTTP/1.1", "/%zz"),
    ],
)
async def test_request_targets_of_every_form_are_parsed(line: bytes, path: str) -> None:
    async with serving() as running:
        (answer,) = await running.ask(line + b"\r\n" + HOST + b"\r\n")
        assert (answer.status, running.seen.scopes[0]["path"]) == (200, path)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "close"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", "close"),
        (b"GET / HTTP/1.0\r\n\r\n", "close"),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive"),
    ],
)
async def test_the_client_decides_whether_the_connection_stays_open(
    request_: bytes, said: str | None
) -> None:
    async with serving() as running:
        client = await running.connect()
        assert (await client.ask(request_)).headers.get("connection") == said
        if said == "close":
            assert await client.ended() == b""
        else:
            assert (await client.ask(request_)).status == 200
        client.close()


async def test_chunks_with_extensions_and_trailers_are_decoded() -> None:
    async with serving() as running:
        wire = chunked(b'3;name="v"\r\nabc\r\n', b"A\r\n0123456789\r\n", b"0\r\nX-T: 1\r\n\r\n")
        first, second = await running.ask(wire + get())
        assert (first.body, second.status) == (b"abc0123456789", 200)


async def test_an_answer_without_a_length_is_chunked_or_ends_with_the_connection() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for part in (b"a" * 70_000, b"", b"b"):
            await send(piece(part, more=True))
        await send(piece(b"", more=False))

    async with serving(app) as running:
        (new,) = await running.ask(get())
        assert (new.body, new.whole) == (b"a" * 70_000 + b"b", True)
        assert new.headers["transfer-encoding"] == "chunked"
        (old,) = await running.ask(b"GET / HTTP/1.0\r\n\r\n")
        assert old.body == new.body
        assert "transfer-encoding" not in old.headers


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_answers_without_a_body_have_none(method: str, status: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"never seen", status, (b"content-length", b"10"))

    async with serving(app) as running:
        client = await running.connect()
        for _ in range(2):
            client.writer.write(b"%b / HTTP/1.1\r\n%b\r\n" % (method.encode(), HOST))
            answer = await client.answer(method=method)
            assert answer.status == status
            assert ("content-length" in answer.headers) == (status != 204)
        client.close()


async def test_100_continue_is_sent_only_when_the_app_reads() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/refuse":
            await reply(send, b"no", 401)
        else:
            await reply(send, await whole_body(receive) or b"")

    expecting = post(b"", b"Expect: 100-continue", length=3)
    async with serving(app) as running:
        client = await running.connect()
        assert (await client.ask(expecting)).status == 100
        assert (await client.ask(b"abc")).body == b"abc"
        refused = await client.ask(expecting.replace(b"POST /", b"POST /refuse"))
        assert (refused.status, refused.headers["connection"]) == (401, "close")
        assert await client.ended() == b""
        client.close()


async def test_pipelined_requests_are_answered_in_order() -> None:
    running_now: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert not running_now
        running_now.append(scope["raw_path"])
        await asyncio.sleep(0.001)
        running_now.clear()
        await reply(send, scope["raw_path"])

    async with serving(app) as running:
        paths = [f"/{number}" for number in range(300)]
        answers = await running.ask(b"".join(map(get, paths)))
        assert [answer.body.decode() for answer in answers] == paths


async def test_a_client_that_half_closes_after_its_request_is_answered() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.7)
        await reply(send, b"here", 200)

    async with serving(app) as running:
        (answer,) = await running.ask(get())
        assert answer.body == b"here"


@pytest.mark.parametrize("reset", [False, True])
async def test_a_disconnect_of_the_client_reaches_the_app_at_once(*, reset: bool) -> None:
    heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        await send(start())
        await send(piece(b"first", more=True))
        assert (await receive())["type"] == "http.disconnect"
        heard.set_result(None)
        await send(piece(b"to nobody", more=False))

    async with serving(app) as running:
        client = await running.connect()
        client.writer.write(get())
        await client.reader.readuntil(b"first")
        await asyncio.sleep(0.4)
        client.writer.transport.abort() if reset else client.close()
        await asyncio.wait_for(heard, 30)


async def test_a_disconnect_after_a_large_body_reaches_the_app() -> None:
    """Reading pauses while the body waits for the app, and must go on after it."""
    taken, heard = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.1)
        await whole_body(receive)
        taken.set()
        assert (await receive())["type"] == "http.disconnect"
        heard.set()

    async with serving(app) as running:
        client = await running.connect()
        client.writer.write(post(b"x" * 200_000))
        await asyncio.wait_for(taken.wait(), 30)
        hang_up(client.writer)
        await asyncio.wait_for(heard.wait(), 30)


async def test_an_upgrade_is_ignored() -> None:
    async with serving() as running:
        (answer,) = await running.ask(get("/", b"Connection: Upgrade", b"Upgrade: websocket"))
        assert answer.status == 200


async def test_receive_after_the_answer_returns_a_disconnect() -> None:
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        await reply(send, b"done")
        heard.set_result((await waiting)["type"])

    async with serving(app) as running:
        client = await running.connect()
        assert (await client.ask(get())).body == b"done"
        assert await asyncio.wait_for(heard, 5) == "http.disconnect"
        client.close()
