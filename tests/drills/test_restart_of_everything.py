"""An installation without Redis: a kill of everything forgets no month's spend, and neither does a
start without the file of counters, which is counted again from the records of calls."""

import asyncio
import json
import shutil
import time
from decimal import Decimal
from pathlib import Path

import pytest

from drills.installation import Home, Supervised
from gateway.http_client import call
from tests.ports import free_port

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

ASK = {"model": "sim/sim-small", "messages": [{"role": "user", "content": "hello"}]}
CALLS = 5


async def spent(home: Home, limits: str) -> Decimal:
    """Returns what is used of the only budget; -1 while that is unknown."""
    [found] = (await asyncio.to_thread(home.rest, "GET", limits))["items"]
    return Decimal(found["use"]["used"]) if found["use"] else Decimal(-1)


async def ask(home: Home, calls: int) -> None:
    url = f"http://127.0.0.1:{home.gateway_port}"
    for _ in range(calls):
        answer = await call(url, json.dumps(ASK).encode(), key=home.api_key)
        assert answer.status == 200, answer.body
    await asyncio.sleep(0.5)  # the last call is settled within milliseconds


async def test_no_restart_forgets_what_a_month_has_spent(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", free_port(), free_port())
    ports = ["--gateway-port", str(home.gateway_port), "--server-port", str(home.server_port)]
    up = Supervised(tmp_path, ["up", "--home", str(home.path), "--demo", *ports])
    up.start()
    try:
        await home.ready(within_s=120)
        limits = f"/projects/{home.rest('GET', '/projects')['items'][0]['id']}/limits"
        monthly = {"name": "month", "measure": "spend", "amount": 100, "window": "month"}
        home.rest("POST", limits, monthly)
        await asyncio.sleep(6)  # calls are restored from the time when gateways know a limit
        await ask(home, CALLS)
        before = await spent(home, limits)
        assert before > 0
        up.kill_everything()
        up.start()
        await home.ready(within_s=120)
        assert await spent(home, limits) == before
        await ask(home, CALLS)
        after = await spent(home, limits)
        assert after == before * 2
        up.stop()
        shutil.rmtree(home.path / "counters")
        up.start()
        await home.ready(within_s=120)
        await ask(home, 1)  # makes the file of counters anew
        after += before / CALLS
        deadline = time.monotonic() + 60
        while await spent(home, limits) != after:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        print(f"spent after {CALLS} calls, a kill, {CALLS} more, one without counters: {after} USD")
    finally:
        up.stop()
