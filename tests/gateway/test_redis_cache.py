"""The exact cache and idempotency keys of gateways on two machines with one Redis."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.homes import make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import RawUpstream, answers, raw_upstream, unary
from gateway.worker import Worker, worker
from infra.spool_world import eventually
from tests.redis_server import RedisServer, redis_server

ASK = b'{"model":"up/small","messages":[{"role":"user","content":"hello"}]}'
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
DOCUMENT = {"id": "c", "object": "chat.completion", "model": "small", "choices": [CHOICE]}
ANSWER = unary(
    json.dumps(DOCUMENT | {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}).encode()
)


@asynccontextmanager
async def two_machines(
    tmp_path: Path, server: RedisServer
) -> AsyncIterator[tuple[RawUpstream, Worker, Worker]]:
    async with raw_upstream(answers(ANSWER, pause_s=0.05)) as upstream:
        homes = [make_home(tmp_path / name, [provider(upstream.url)]) for name in ("one", "two")]
        redis = {"url": server.url}
        async with worker(homes[0], redis=redis) as one, worker(homes[1], redis=redis) as two:
            yield upstream, one, two


async def ask(machine: Worker, header: str) -> Answer:
    return await call(machine.url, ASK, headers=f"{header}\r\n".encode())


def _stored_answers(server: RedisServer) -> bool:
    with server.client() as client:
        return bool(client.keys("*:answer:*"))


async def test_machines_share_answers_and_go_on_without_redis(tmp_path: Path) -> None:
    with redis_server() as server:
        async with two_machines(tmp_path, server) as (upstream, one, two):
            first = await ask(one, "x-penstock-cache: 60")
            await eventually(lambda: _stored_answers(server))
            second = await ask(two, "x-penstock-cache: 60")
            assert second.body == first.body
            assert len(upstream.seen) == 1
            server.kill()
            for machine in (one, two):
                assert (await ask(machine, "x-penstock-cache: 60")).status == 200
            assert len(upstream.seen) == 3


async def test_an_idempotency_key_is_paid_for_once_over_machines(tmp_path: Path) -> None:
    with redis_server() as server:
        async with two_machines(tmp_path, server) as (upstream, one, two):
            calls = [ask(machine, "idempotency-key: k1") for machine in (one, two) * 8]
            found = await asyncio.gather(*calls)
            assert {answer.status for answer in found} == {200}
            assert len(upstream.seen) == 1
            server.kill()
            refused = await ask(one, "idempotency-key: k2")
            assert refused.status == 503
            assert refused.error["code"] == "idempotency_unavailable"
            assert len(upstream.seen) == 1
