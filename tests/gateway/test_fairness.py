"""A greedy project against a real worker: it gets its share, and others are served at once."""

import asyncio
import tracemalloc
from pathlib import Path

import pytest

from gateway.homes import KEY, LIMITED_KEY, OTHER_KEY, make_home, provider
from gateway.http_client import Answer, call, connect, read_answer, request
from gateway.raw_upstream import Exchanged, raw_upstream, unary
from gateway.worker import worker
from penstock.gateway.call import Call, Message
from penstock.gateway.call_limits import CallLimits
from penstock.gateway.ids import Ids
from penstock.gateway.inflight import BODY_STEP, InFlight
from penstock.gateway.stages.read import read
from penstock.kernel.errors import InvalidRequest
from penstock.plugins.surfaces.openai import OpenAISurface

KIB = 1024
SHARES = {"project_share": 0.75, "key_share": 0.5}
SLOW = b'{"model":"up/small","user":"slow"}'
FAST = b'{"model":"up/small","user":"fast"}'


class Provider:
    """Holds the answers of slow calls until `release`, answers others at once."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, asked: Exchanged, writer: asyncio.StreamWriter) -> None:
        if b'"slow"' in asked.body:
            await self.go.wait()
        writer.write(unary(b"{}"))


async def _waiting(calls: list["asyncio.Task[Answer]"], count: int) -> list[Answer]:
    """The answers of the rejected calls, once only `count` are left."""
    async with asyncio.timeout(20):
        while sum(not task.done() for task in calls) > count:
            await asyncio.sleep(0.02)
    return [task.result() for task in calls if task.done()]


async def test_a_greedy_key_and_project_get_their_share_of_calls_and_others_are_served(
    tmp_path: Path,
) -> None:
    greedy = Provider()
    async with raw_upstream(greedy) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(home, limits={"max_in_flight": 40, **SHARES}) as running:
            calls = [asyncio.create_task(call(running.url, SLOW)) for _ in range(60)]
            refused = await _waiting(calls, 20)
            assert {answer.status for answer in refused} == {429}
            assert {answer.error["code"] for answer in refused} == {"share_exceeded"}
            assert {answer.headers["retry-after"] for answer in refused} == {"1"}
            more = [
                asyncio.create_task(call(running.url, SLOW, key=LIMITED_KEY)) for _ in range(30)
            ]
            assert {answer.status for answer in await _waiting(more, 10)} == {429}
            assert (await call(running.url, FAST, key=KEY)).status == 429
            found = await asyncio.gather(
                *(call(running.url, FAST, key=OTHER_KEY) for _ in range(5))
            )
            assert {answer.status for answer in found} == {200}
            greedy.go.set()
            held = await asyncio.gather(*calls, *more)
            assert sum(answer.status == 200 for answer in held) == 30
            assert (await call(running.url, FAST)).status == 200
            assert len(await running.wait_for_ends(60 + 30 + 1 + 5 + 1)) == 97


async def test_a_greedy_key_gets_its_share_of_request_bytes_and_others_are_served(
    tmp_path: Path,
) -> None:
    body = b'{"model":"up/small","user":"%b"}' % (b"x" * 240 * KIB)
    limits = {"max_body_bytes": 256 * KIB, "held_body_bytes": 1024 * KIB, **SHARES}
    async with raw_upstream(Provider()) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(home, limits=limits) as running:
            uploads = [await connect(running.url) for _ in range(8)]
            answers: list[asyncio.Task[Answer]] = []
            for reader, writer in uploads:
                writer.write(request(body)[:-KIB])
                await writer.drain()
                answers.append(asyncio.create_task(read_answer(reader)))
            refused = await _waiting(answers, 3)
            assert {answer.error["code"] for answer in refused} == {"share_exceeded"}
            assert (await call(running.url, body, key=OTHER_KEY)).status == 200
            assert (await call(running.url, FAST)).status == 200, "small bodies are free"
            for answer, (_, writer) in zip(answers, uploads, strict=True):
                if not answer.done():
                    writer.write(body[-KIB:])
            assert {answer.status for answer in await asyncio.gather(*answers)} == {200, 429}
            for _, writer in uploads:
                writer.close()
            for _ in range(12):
                assert (await call(running.url, body)).status == 200


async def test_a_body_in_small_pieces_takes_little_more_memory_than_its_size() -> None:
    piece, count = b"ab", 300_000

    async def receive() -> Message:
        nonlocal count
        count -= 1
        return {"type": "http.request", "body": bytes(bytearray(piece)), "more_body": count > 0}

    async def send(_: Message) -> None: ...

    limits = CallLimits()
    asked = Call(OpenAISurface(), "chat", {}, receive, send, ids=Ids(), start_ns=0)
    tracemalloc.start()
    with pytest.raises(InvalidRequest):  # it is no JSON; only its size matters here
        await read(asked, limits, InFlight(limits))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert asked.request_size == 600_000
    assert peak < 3 * 600_000 + BODY_STEP
