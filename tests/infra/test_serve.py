"""The runner of an embedded HTTP server: order of start and stop, and failures."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from penstock.infra.http_server import HttpServer
from penstock.infra.serve import serve_until_stopped


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


class Events(list[str]):
    """The steps of a run, in order."""

    async def work(self) -> None:
        self.append("background started")
        try:
            await asyncio.Event().wait()
        finally:
            self.append("background stopped")

    async def before(self) -> None:
        self.append("before")

    async def drain(self) -> None:
        self.append("drain")

    async def announce(self, server: HttpServer, then: Callable[[], None]) -> None:
        while not await _answers(server):
            await asyncio.sleep(0.01)
        self.append("announced")
        then()


async def _answers(server: HttpServer) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    except OSError:
        return False
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.endswith(b"ok")


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


async def test_a_signal_drains_the_requests_and_then_stops_the_background_work() -> None:
    events, server = Events(), HttpServer(app, "127.0.0.1", 0)
    await serve_until_stopped(
        server,
        grace_s=5,
        before=events.before(),
        background=(events.work(),),
        announcement=events.announce(server, stop),
        drain=events.drain,
    )
    assert events[:2] in (["before", "background started"], ["background started", "before"])
    assert events[2:] == ["announced", "drain", "background stopped"]
    assert not await _answers(server)


async def test_a_failure_of_the_background_work_drains_and_is_raised() -> None:
    events, server = Events(), HttpServer(app, "127.0.0.1", 0)

    async def fail() -> None:
        while not await _answers(server):
            await asyncio.sleep(0.01)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await serve_until_stopped(
            server, grace_s=5, background=(events.work(), fail()), drain=events.drain
        )
    assert events[-2:] == ["drain", "background stopped"]


async def test_a_failure_before_the_server_listens_is_raised() -> None:
    async def fail() -> None:
        raise ValueError("not ready")

    with pytest.raises(ValueError, match="not ready"):
        await serve_until_stopped(HttpServer(app, "127.0.0.1", 0), grace_s=5, before=fail())


async def test_an_answer_that_never_ends_is_cut_off_after_the_grace_period() -> None:
    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await asyncio.Event().wait()

    server = HttpServer(endless, "127.0.0.1", 0)
    received: list[bytes] = []

    async def call() -> None:
        while server.port == 0:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        received.append(await reader.readuntil(b"a"))
        stop()
        received.append(await reader.read())
        writer.close()

    client = asyncio.create_task(call())
    await serve_until_stopped(server, grace_s=0.2)
    await client
    assert received[0].startswith(b"HTTP/1.1 200")
    assert not received[1].endswith(b"0\r\n\r\n")
