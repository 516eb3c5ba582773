"""Where a drill counts its limits: in the file of one machine, or on a Redis of two machines."""

import asyncio
import random
import signal
from pathlib import Path

from gateway.homes import PROJECT
from infra.redis_counters import read_counter
from penstock.infra.counters import FileReader, path_in
from penstock.infra.counters.local import RECOVER_EVERY_S
from penstock.infra.home import Home
from penstock.infra.redis.leases import LEASE_S, LIVE_EVERY_S
from penstock.kernel.time import SystemClock
from penstock.rules.claims import Claim, CounterState
from penstock.rules.limits.documents import LimitEntry
from penstock.rules.limits.index import Amounts, Limit
from tests.redis_server import RedisServer


class FileCounting:
    """One machine. `lease_s`: how long reservations of a killed worker may stay."""

    lease_s = RECOVER_EVERY_S

    def __init__(self, folder: Path) -> None:
        self.homes = (folder,)
        self.config: dict[str, object] = {}

    def state(self, limit: LimitEntry) -> CounterState:
        reader = FileReader(path_in(Home(self.homes[0]).counters), SystemClock())
        try:
            return reader.read(claim_of(limit))
        finally:
            reader.close()


class RedisCounting:
    """Two machines."""

    lease_s = LEASE_S + LIVE_EVERY_S

    def __init__(self, folder: Path, server: RedisServer) -> None:
        self.homes = (folder / "one", folder / "two")
        self.config: dict[str, object] = {"redis": {"url": server.url}}
        self.server = server
        self.outages = 0

    def state(self, limit: LimitEntry) -> CounterState:
        with self.server.client() as client:
            return read_counter(client, claim_of(limit))

    async def disturb(self, rng: random.Random) -> None:
        """Stops and kills the server in turns, until it is cancelled; then it runs."""
        try:
            while True:
                await asyncio.sleep(0.3 + rng.random())
                self.server.signal(signal.SIGSTOP)
                await asyncio.sleep(rng.random() * 2)
                self.server.signal(signal.SIGCONT)
                await asyncio.sleep(0.3 + rng.random())
                self.server.kill()
                await asyncio.sleep(rng.random())
                self.server.start()
                self.outages += 2
        finally:
            if self.server.process is None:
                self.server.start()
            self.server.signal(signal.SIGCONT)


def claim_of(limit: LimitEntry) -> Claim:
    return Limit(PROJECT, limit).claim((), Amounts(0), SystemClock().now_ns())
