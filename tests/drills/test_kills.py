"""The kill drill: processes are killed at random times, and every answered call is stored once.

Twenty kills at times from a printed seed, under load, compared with the callers' ledger.
"""

import asyncio
import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drills import faulty_gateway
from drills.callers import Callers, Ledger, Style
from drills.installation import Home, Supervised, kill
from drills.spool_backlog import unshipped_bytes
from drills.stored_calls import read_stored_calls
from drills.verification import verify
from penstock.infra.spool.quarantine import list_quarantined
from tests.ports import free_port

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

WORKERS = 2
LONG = Style(
    tokens_per_second=5, latency_ms=(500, 2500), prompt_bytes=1000
)  # much in flight, few calls


@dataclass
class Count:
    """The kills, and what they interrupted."""

    kills: int = 0
    inside_stream: int = 0
    inside_drain: int = 0
    lines: list[str] = field(default_factory=list[str])


class Drill:
    """An installation under load, and the kinds of kills."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.ledger = Ledger()
        self.count = Count()
        self.home = Home(folder / "home", free_port(), free_port())
        self.up = Supervised(
            folder,
            [
                *("up", "--home", str(self.home.path), "--demo", "--workers", str(WORKERS)),
                *("--gateway-port", str(self.home.gateway_port)),
                *("--server-port", str(self.home.server_port)),
            ],
        )

    @property
    def spool(self) -> Path:
        return self.home.path / "spool"

    async def worker(self) -> None:
        """Kills one gateway worker."""
        await self._kill("worker", lambda: kill(self.random.choice(self.up.pids("gateway"))))

    async def server(self) -> None:
        """Kills the server."""
        await self._kill("server", lambda: [kill(pid) for pid in self.up.pids("server")])

    async def worker_in_drain(self) -> None:
        """Kills one worker while it ships a backlog."""
        await self._build_backlog()
        await self._kill(
            "worker in drain", lambda: kill(self.random.choice(self.up.pids("gateway")))
        )

    async def server_in_drain(self) -> None:
        """Kills the server while it receives a backlog."""
        await self._build_backlog()
        await self._kill("server in drain", lambda: [kill(pid) for pid in self.up.pids("server")])

    async def supervisor(self) -> None:
        """Kills `penstock up`; its children end with it."""
        await self._kill("penstock up", self.up.kill_supervisor)
        self.up.start()

    async def everything(self) -> None:
        """Kills all processes while a backlog is shipped."""
        await self._build_backlog()
        await self._kill("everything in drain", self.up.kill_everything)
        self.up.start()

    async def between_storing_and_deleting(self) -> None:
        """Runs another worker on the same port and spool that kills itself after a 200 of the
        server, before it records that."""
        config = {
            "home": str(self.home.path),
            "port": self.home.gateway_port,
            "server_url": f"http://127.0.0.1:{self.home.server_port}",
            "worker": "faulty",
        }
        times = str(self.random.randint(1, 4))
        program = [sys.executable, faulty_gateway.__file__, json.dumps(config), "shipped", times]
        with subprocess.Popen(program) as process:
            code = await asyncio.to_thread(process.wait, 60)
        assert code == -signal.SIGKILL
        await self._kill("between the 200 and the deletion", lambda: None)

    async def crash_loop(self) -> None:
        """Kills one worker five times in ten seconds; the supervisor keeps restarting it."""
        for _ in range(5):
            await self._kill("worker in a loop", lambda: kill(self.up.pids("gateway")[0]))
            async with asyncio.timeout(60):
                while len(self.up.pids("gateway")) < WORKERS:
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)

    async def _kill(self, what: str, strike: Callable[[], object]) -> None:
        count, streams = self.count, set(self.ledger.streaming)
        backlog, in_flight = unshipped_bytes(self.spool), self.ledger.in_flight
        strike()
        await asyncio.sleep(0.3)
        cut = len(
            {trace for trace in streams if trace in self.ledger.begun} - self.ledger.streaming
        )
        count.kills += 1
        count.inside_stream += bool(cut)
        count.inside_drain += "drain" in what and backlog > 100_000
        count.lines.append(
            f"kill {count.kills:2}: {what}; {in_flight} in flight, {cut} streams cut,"
            f" {backlog} bytes unshipped"
        )

    async def _build_backlog(self) -> None:
        """Stops the server for a while, so that a backlog builds up."""
        servers = self.up.pids("server")
        for pid in servers:
            kill(pid, signal.SIGSTOP)
        await asyncio.sleep(self.random.uniform(1.5, 2.5))
        for pid in servers:
            kill(pid, signal.SIGCONT)
        await asyncio.sleep(self.random.uniform(0, 0.05))

    async def wait_until_shipped(self) -> None:
        """Waits until all is shipped: only live workers have an owner file, and none a backlog."""
        async with asyncio.timeout(60):
            while unshipped_bytes(self.spool) or len(list(self.spool.glob("*.owner"))) != WORKERS:
                await asyncio.sleep(0.1)


async def test_every_answered_call_is_stored_once(
    tmp_path: Path, drill_seed: int, drill_full: bool
) -> None:
    drill = Drill(tmp_path, drill_seed)
    drill.up.start()
    try:
        await strike_all(drill, twice=drill_full)
        await drill.wait_until_shipped()
    finally:
        drill.up.stop()
        print(f"seed {drill_seed}", *drill.count.lines, "log:", drill.up.log(), sep="\n")
        print("in quarantine:", *list_quarantined(drill.spool), sep="\n")
    assert list(drill.spool.glob("*.spool")) == [], "a clean stop leaves no segment"
    verify(drill.ledger, read_stored_calls(drill.home.path))
    assert drill.ledger.most_in_flight >= 200
    codes = Counter(json.loads(body)["error"]["code"] for body in drill.ledger.rejections)
    # The simulator ends with `penstock up`: it may end before the gateways and start after them.
    assert set(codes) <= {"upstream_connection_lost", "upstream_unreachable"}, codes
    assert drill.count.inside_stream >= 5
    assert drill.count.inside_drain >= 5
    assert drill.count.kills >= (20 if drill_full else 10)


async def strike_all(drill: Drill, *, twice: bool) -> None:
    """Runs each kind of kill under load, in an order that depends on the seed."""
    home = drill.home
    await home.ready()
    while await asyncio.to_thread(home.workers) < WORKERS:
        await asyncio.sleep(0.1)
    for _ in range(20):
        await home.ready()  # workers share the port: repeat until each was probably reached
    callers = Callers(home.gateway_port, home.api_key, drill.ledger, LONG, drill.seed)
    kinds: list[Callable[[], Awaitable[None]]] = [
        *[drill.worker, drill.worker_in_drain, drill.server_in_drain] * 2,
        *[drill.server, drill.supervisor, drill.everything, drill.between_storing_and_deleting],
    ] * (2 if twice else 1)
    drill.random.shuffle(kinds)
    async with callers.calling(220):
        await asyncio.sleep(2)
        for strike in [*kinds, drill.crash_loop]:
            await home.ready()
            await asyncio.sleep(drill.random.uniform(0.5, 1.5))
            await strike()
        await home.ready()
