"""Limits of gateways on several machines: each has its own home, all have one Redis."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.homes import PROJECT, make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import answers, raw_upstream, unary
from gateway.worker import Worker, worker
from infra.redis_counters import read_counter
from penstock.kernel.time import SystemClock
from penstock.rules.claims import CounterState
from penstock.rules.limits.documents import LimitEntry, Measure, Otherwise
from penstock.rules.limits.index import Amounts, Limit
from penstock.rules.limits.windows import WindowUnit
from tests.redis_server import KEEPS_ALL, RedisServer, redis_server

ASK = b'{"model":"up/small","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}'
USAGE = {"prompt_tokens": 10, "completion_tokens": 20}
ANSWER = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": USAGE}


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server(*KEEPS_ALL) as running:
        yield running


def requests(amount: int, **changes: object) -> LimitEntry:
    fields: dict[str, object] = {"id": "lim_1", "name": "all", "measure": Measure.REQUESTS}
    fields |= {"amount": Decimal(amount), "window": WindowUnit.MONTH}
    return LimitEntry(**(fields | changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice


@asynccontextmanager
async def two_machines(
    tmp_path: Path, server: RedisServer, limit: LimitEntry
) -> AsyncIterator[list[Worker]]:
    async with raw_upstream(answers(unary(json.dumps(ANSWER).encode()))) as upstream:
        homes = [
            make_home(tmp_path / name, [provider(upstream.url)], limits=[limit])
            for name in ("one", "two")
        ]
        redis = {"url": server.url, "allowance": 0.25}
        async with worker(homes[0], redis=redis) as one, worker(homes[1], redis=redis) as two:
            yield [one, two]


def state(server: RedisServer, limit: LimitEntry) -> CounterState:
    claim = Limit(PROJECT, limit).claim((), Amounts(0), SystemClock().now_ns())
    with server.client() as client:
        return read_counter(client, claim)


async def page(of: Worker, path: str) -> bytes:
    return (await call(of.url, b"", method="GET", path=path, key=None)).body


async def statuses(machines: list[Worker], count: int) -> list[int]:
    found = await asyncio.gather(*(call(each.url, ASK) for each in machines for _ in range(count)))
    return sorted(answer.status for answer in found)


async def test_two_machines_hold_one_limit_and_their_headers_say_what_is_left(
    tmp_path: Path, server: RedisServer
) -> None:
    limit = requests(21)
    async with two_machines(tmp_path, server, limit) as machines:
        first = await call(machines[0].url, ASK)
        assert first.headers["x-ratelimit-remaining-requests"] == "20"
        second = await call(machines[1].url, ASK)
        assert second.headers["x-ratelimit-remaining-requests"] == "19"
        assert await statuses(machines, 20) == [200] * 19 + [429] * 21
    assert state(server, limit) == (21, 0, 0)


async def test_sequential_calls_of_one_worker_never_meet_themselves(
    tmp_path: Path, server: RedisServer
) -> None:
    limit = requests(1, measure=Measure.CONCURRENCY, window=None)
    async with two_machines(tmp_path, server, limit) as machines:
        for _ in range(40):
            assert (await call(machines[0].url, ASK)).status == 200


async def test_without_redis_a_limit_rejects_and_counts_again_when_it_is_back(
    tmp_path: Path, server: RedisServer
) -> None:
    limit = requests(5)
    async with two_machines(tmp_path, server, limit) as machines:
        assert await statuses(machines, 1) == [200, 200]
        server.signal(signal.SIGSTOP)
        assert await statuses(machines, 4) == [503] * 8
        rejected = await call(machines[0].url, ASK)
        assert rejected.error["code"] == "limits_unavailable"
        assert b"Redis does not answer in time" in await page(machines[0], "/readyz")
        server.signal(signal.SIGCONT)
        async with asyncio.timeout(60):
            while b"Redis" in await page(machines[0], "/readyz") + await page(
                machines[1], "/readyz"
            ):
                await asyncio.sleep(0.05)
        assert await statuses(machines, 3) == [200] * 3 + [429] * 3
    assert state(server, limit) == (5, 0, 0)


async def test_without_redis_each_machine_admits_its_allowance_and_owes_it(
    tmp_path: Path, server: RedisServer
) -> None:
    limit = requests(20, unavailable=Otherwise.ADMIT)
    async with two_machines(tmp_path, server, limit) as machines:
        assert await statuses(machines, 1) == [200, 200]
        server.kill()
        assert await statuses(machines, 8) == [200] * 10 + [503] * 6
        text = await page(machines[0], "/metrics")
        assert b'penstock_limits_unchecked_calls{worker="1"} 5' in text
        assert b'penstock_limits_unavailable{worker="1"} 1' in text
        server.start()
        async with asyncio.timeout(60):
            while state(server, limit) != (12, 0, 10):
                await asyncio.sleep(0.05)
