"""An installation with Redis: a Redis that has lost everything forgets no month's spend."""

import asyncio
import json
import time
from decimal import Decimal
from pathlib import Path

import pytest

from drills.installation import Home, Supervised
from gateway.http_client import call
from tests.ports import free_port
from tests.redis_server import redis_server

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

PASSWORD = "redis-password-canary"
ASK = {"model": "sim/sim-small", "messages": [{"role": "user", "content": "hello"}]}


async def use_of(home: Home, limits: str) -> Decimal:
    """Returns what is used of the only limit; -1 while Redis is away."""
    [found] = (await asyncio.to_thread(home.rest, "GET", limits))["items"]
    return Decimal(found["use"]["used"]) if found["use"] else Decimal(-1)


async def test_what_an_empty_redis_has_lost_is_restored_from_the_records(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", free_port(), free_port())
    ports = ["--gateway-port", str(home.gateway_port), "--server-port", str(home.server_port)]
    with redis_server("--requirepass", PASSWORD) as redis:
        url = redis.url.replace("redis://", f"redis://:{PASSWORD}@")
        up = Supervised(
            tmp_path,
            ["up", "--home", str(home.path), "--demo", *ports],
            PENSTOCK_GATEWAY__REDIS_URL=url,
        )
        up.start()
        try:
            await home.ready(within_s=120)
            limits = f"/projects/{home.rest('GET', '/projects')['items'][0]['id']}/limits"
            monthly = {"name": "month", "measure": "requests", "amount": 1000, "window": "month"}
            home.rest("POST", limits, monthly)
            await asyncio.sleep(6)  # calls are restored from the time when gateways know a limit
            for _ in range(7):
                answer = await call(
                    f"http://127.0.0.1:{home.gateway_port}",
                    json.dumps(ASK).encode(),
                    key=home.api_key,
                )
                assert answer.status == 200, answer.body
            assert await use_of(home, limits) == 7
            redis.kill()
            redis.start()  # without its data
            assert await use_of(home, limits) in (-1, 0, 7)
            deadline = time.monotonic() + 120
            while await use_of(home, limits) != 7:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.2)
        finally:
            up.stop()
    assert PASSWORD not in up.log()
    files = [path for path in home.path.rglob("*") if path.is_file()]
    assert all(PASSWORD.encode() not in path.read_bytes() for path in files)
