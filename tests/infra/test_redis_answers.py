"""Cached answers on a real Redis: bounded for each project, locked once, nothing without Redis."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from penstock.infra.redis import RedisAnswers
from penstock.infra.redis.link import RedisUnavailable
from tests.redis_server import RedisServer, redis_server


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@contextlib.asynccontextmanager
async def running(
    server: RedisServer, name: str = "a", size: int = 10**6
) -> AsyncIterator[RedisAnswers]:
    answers = RedisAnswers(server.url, name, size)
    task = asyncio.create_task(answers.run())
    try:
        yield answers
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def place(at: int, project: str = "prj_1") -> str:
    return f"{project}/{at:064}"


def soon(seconds: float = 60.0) -> float:
    return time.time() + seconds


async def test_an_answer_is_shared_by_gateways_and_expires(server: RedisServer) -> None:
    async with running(server, "a") as one, running(server, "b") as two:
        assert await two.read(place(1)) is None
        one.write(place(1), b"\x00answer\xff", soon())
        assert await one.read(place(1)) == b"\x00answer\xff"
        assert await two.read(place(1)) == b"\x00answer\xff"
        assert await two.read(place(1, "prj_2")) is None
        one.write(place(2), b"over", soon(-1))
        assert await one.read(place(2)) is None
        with server.client() as client:
            assert all(0 < client.pttl(key) <= 32 * 86_400_000 for key in client.keys("*"))


async def test_a_project_has_its_limit_and_takes_no_place_of_others(server: RedisServer) -> None:
    async with running(server, size=10_000) as answers:
        answers.write(place(0, "small"), b"x" * 100, soon(1))
        for at in range(40):
            answers.write(place(at), b"x" * 488, soon(100 + at))
            answers.write(place(at), b"y" * 488, soon(100 + at))  # replaces it
            await answers.read(place(at))
        found = [at for at in range(40) if await answers.read(place(at)) is not None]
        assert found == list(range(30, 40))
        assert await answers.read(place(0, "small")) is not None
        answers.write(place(99), b"x" * 10_001, soon())
        assert await answers.read(place(99)) is None


async def test_a_place_is_locked_once_until_it_is_released(server: RedisServer) -> None:
    async with running(server, "a") as one, running(server, "b") as two:
        held = await one.lock(place(1), 100)
        assert held is not None
        assert await two.lock(place(1), 100) is None
        assert await one.lock(place(1), 100) is None
        one.write(place(1), b"answer", soon())
        held.release()
        again = None
        while again is None:
            again = await two.lock(place(1), 100)
        assert await two.read(place(1)) == b"answer"  # kept before the lock was free
        held.release()  # not its own any more
        assert await one.lock(place(1), 100) is None
        with pytest.raises(RedisUnavailable):
            await one.lock(place(2), 10**6 + 1)


async def test_a_caller_that_is_cancelled_leaves_no_lock(server: RedisServer) -> None:
    async with running(server) as answers:
        for turns in range(10):
            task = asyncio.create_task(answers.lock(place(turns), 100))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            found = (await asyncio.gather(task, return_exceptions=True))[0]
            if not isinstance(found, BaseException):
                assert found is not None
                found.release()
        for turns in range(10):
            assert await answers.lock(place(turns), 100) is not None


async def test_without_redis_nothing_is_found_or_locked_until_it_is_back(
    server: RedisServer,
) -> None:
    async with running(server) as answers:
        answers.write(place(1), b"answer", soon())
        assert await answers.read(place(1)) == b"answer"
        server.signal(signal.SIGSTOP)
        assert await answers.read(place(1)) is None
        with pytest.raises(RedisUnavailable):
            await answers.lock(place(2), 100)
        for at in range(1000):
            answers.write(place(at + 10), b"late", soon())
        server.signal(signal.SIGCONT)
        async with asyncio.timeout(60):
            while await answers.read(place(1)) is None:
                await asyncio.sleep(0.02)
        assert await answers.read(place(10)) == b"late"
        assert await answers.read(place(1009)) is None
