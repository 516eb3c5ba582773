"""Outages: the server is stopped, killed or on another home; the spool is full under each policy.

The gateway keeps answering, and afterwards every answered call is stored once.
"""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drills.callers import Callers, Ledger, Style
from drills.installation import Home, Supervised, kill
from drills.spool_backlog import unshipped_bytes
from drills.stored_calls import read_stored_calls
from drills.verification import verify
from tests.ports import free_port

pytestmark = [pytest.mark.drill, pytest.mark.timeout(300)]

BRISK = Style(tokens=10, tokens_per_second=50, latency_ms=(20, 100))


async def drained(home: Home) -> None:
    async with asyncio.timeout(60):
        while unshipped_bytes(home.path / "spool"):
            await asyncio.sleep(0.1)


def ports(home: Home, *kinds: str) -> list[str]:
    known = {"gateway": home.gateway_port, "server": home.server_port}
    return [word for kind in kinds for word in (f"--{kind}-port", str(known[kind]))]


@asynccontextmanager
async def installation(folder: Path, **variables: str) -> AsyncIterator[tuple[Home, Supervised]]:
    """Runs `penstock up` with one worker."""
    home = Home(folder / "home", free_port(), free_port())
    command = ["up", "--home", str(home.path), "--demo", *ports(home, "gateway", "server")]
    up = Supervised(folder, command, **variables)
    up.start()
    try:
        await home.ready()
        yield home, up
    finally:
        up.stop()


async def outage(home: Home, server: Supervised, ledger: Ledger, stopped_s: float) -> None:
    """Stops the server for a while, then kills it once; asserts that calls are answered."""
    for pid in server.pids("server"):
        kill(pid, signal.SIGSTOP)
    before = len(ledger.ok)
    await asyncio.sleep(stopped_s)
    during = len(ledger.ok) - before
    for pid in server.pids("server"):
        kill(pid, signal.SIGCONT)
    await asyncio.sleep(1)
    for pid in server.pids("server"):
        kill(pid)
    await home.ready(home.server_port)
    await asyncio.sleep(1)
    print(f"{during} calls answered in {stopped_s:g} s without a server")
    assert during > stopped_s * 20
    assert ledger.broken == 0
    assert set(ledger.statuses) == {200}


async def test_an_answered_call_is_stored_without_a_further_call(tmp_path: Path) -> None:
    ledger = Ledger()
    waits: list[float] = []
    async with installation(tmp_path) as (home, _):
        callers = Callers(home.gateway_port, home.api_key, ledger, BRISK, seed=5)
        for _ in range(4):
            async with callers.calling(1):
                while len(ledger.ok) == len(waits):
                    await asyncio.sleep(0.005)
            answered = asyncio.get_running_loop().time()
            trace = list(ledger.answered)[len(waits)]
            async with asyncio.timeout(30):
                while not await asyncio.to_thread(home.has_trace, trace):
                    await asyncio.sleep(0.02)
            waits.append(asyncio.get_running_loop().time() - answered)
            for other in list(ledger.answered)[len(waits) :]:
                del ledger.answered[other]
    print("seconds from answer to store:", *(f"{wait:.2f}" for wait in sorted(waits)))


async def test_no_call_is_lost_while_the_server_is_stopped_and_killed(
    tmp_path: Path, drill_full: bool
) -> None:
    ledger = Ledger()
    async with installation(tmp_path) as (home, up):
        callers = Callers(home.gateway_port, home.api_key, ledger, BRISK, seed=1)
        async with callers.calling(40):
            await asyncio.sleep(1)
            await outage(home, up, ledger, 60 if drill_full else 5)
        await drained(home)
    verify(ledger, read_stored_calls(home.path))


async def test_gateway_and_server_with_separate_homes(tmp_path: Path, drill_full: bool) -> None:
    ledger = Ledger()
    there = Home(tmp_path / "server-home", free_port(), free_port())
    here = Home(tmp_path / "gateway-home", there.gateway_port, there.server_port)
    sim = Supervised(tmp_path, ["sim", "--port", str(free_port())])
    server = Supervised(tmp_path, ["server", "--home", str(there.path), *ports(there, "server")])
    gateway = Supervised(
        tmp_path,
        [
            *("gateway", "--home", str(here.path), *ports(here, "gateway")),
            *("--server", f"http://127.0.0.1:{there.server_port}"),
        ],
    )
    sim.start()
    server.start()
    try:
        await there.ready(there.server_port)
        add_simulator(there, sim)
        here.path.mkdir(mode=0o700)
        shutil.copy(there.path / "gateway.token", here.path)
        gateway.start()
        await here.ready(here.gateway_port)
        callers = Callers(here.gateway_port, there.api_key, ledger, BRISK, seed=2)
        async with callers.calling(40):
            await asyncio.sleep(1)
            await outage(there, server, ledger, 60 if drill_full else 5)
        await drained(here)
    finally:
        for command in (gateway, server, sim):
            command.stop()
    assert not (here.path / "penstock.db").exists()
    assert not (there.path / "spool").exists()
    verify(ledger, read_stored_calls(there.path))


def add_simulator(home: Home, sim: Supervised) -> None:
    project_id = home.rest("GET", "/projects")["items"][0]["id"]
    provider = {"name": "sim", "base_url": f"http://127.0.0.1:{sim.arguments[-1]}/v1"}
    home.rest("POST", f"/projects/{project_id}/providers", provider | {"private_allowed": True})


HEAVY = Style(tokens=5, tokens_per_second=0, latency_ms=(5, 20), prompt_bytes=20_000)
SMALL_QUOTA = {
    "PENSTOCK_SPOOL__QUOTA_BYTES": str(4 * 1024 * 1024),
    "PENSTOCK_SPOOL__PROJECT_SHARE": "1",  # the only project may use all of it
}


async def fill(
    home: Home, up: Supervised, callers: Callers, enough: Callable[[], bool] = lambda: True
) -> None:
    """Sends calls while the server is stopped, until the quota is reached and `enough`."""
    for pid in up.pids("server"):
        kill(pid, signal.SIGSTOP)
    async with callers.calling(8):
        async with asyncio.timeout(60):
            while (await asyncio.to_thread(home.get, home.gateway_port, "/readyz"))[0] != 503:
                await asyncio.sleep(0.1)
            await asyncio.sleep(2)
            while not enough():
                await asyncio.sleep(0.1)


async def resume(home: Home, up: Supervised) -> None:
    for pid in up.pids("server"):
        kill(pid, signal.SIGCONT)
    await home.ready()
    await drained(home)


async def test_at_the_quota_calls_are_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    ledger = Ledger()
    async with installation(tmp_path, **SMALL_QUOTA) as (home, up):
        callers = Callers(home.gateway_port, home.api_key, ledger, HEAVY, seed=3)
        await fill(home, up, callers, lambda: ledger.statuses[503] > 10)
        _, why = await asyncio.to_thread(home.get, home.gateway_port, "/readyz")
        assert "quota of 4 MiB is reached" in why
        served = len(ledger.ok)
        assert ledger.statuses[503] > 10
        assert b"spool_full" in ledger.rejections[-1]
        assert all(after for after in ledger.retry_after)
        await resume(home, up)
        async with callers.calling(8):
            await asyncio.sleep(2)
        assert len(ledger.ok) > served, "it recovers without a restart"
        assert home.gauges("spool_lost_calls") == 0
        await drained(home)
    print(f"{ledger.statuses} at a quota of 4 MiB")
    verify(ledger, read_stored_calls(home.path), only=ledger.ok)


async def test_under_serve_exactly_the_counted_records_are_lost(tmp_path: Path) -> None:
    ledger = Ledger()
    async with installation(tmp_path, **SMALL_QUOTA) as (home, up):
        project = home.rest("GET", "/projects")["items"][0]["id"]
        home.rest("PATCH", f"/projects/{project}", {"on_spool_full": "serve"})
        await asyncio.sleep(2)  # until the gateway has the new snapshot
        callers = Callers(home.gateway_port, home.api_key, ledger, HEAVY, seed=4)
        await fill(home, up, callers)
        await resume(home, up)
        await asyncio.sleep(2)  # workers write their metrics once a second
        lost = int(home.gauges("spool_lost_calls"))
        await drained(home)
    stored = read_stored_calls(home.path)["calls"].times
    missing = set(ledger.answered) - set(stored)
    print(f"{ledger.statuses} at a quota of 4 MiB; {lost} counted as lost, {len(missing)} missing")
    assert set(ledger.statuses) == {200}
    assert len(missing) == lost > 10
    assert max(stored.values()) == 1
