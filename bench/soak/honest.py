"""The honest clients: call at a fixed rate; latency counts from the time a call was due."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.laws.exchange import follow
from tests.laws.trial import honest_call
from tests.laws.world import World


@dataclass
class Phase:
    """The results of honest clients during one phase. Latencies count from the due time."""

    name: str
    sent: int = 0
    seconds: list[float] = field(default_factory=list[float])
    failures: list[str] = field(default_factory=list[str])

    def percentile(self, part: float) -> float:
        """Returns the percentile in milliseconds; 0 without calls."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(int(part * len(ordered)), len(ordered) - 1)] if ordered else 0.0


class Honest:
    """Makes `rate` calls per second. `answered` has the trace ids of successful calls."""

    def __init__(self, world: World, rate: float) -> None:
        self._world = world
        self._rate = rate
        self.answered: set[str] = set()

    async def call_for(self, phase: Phase, seconds: float) -> None:
        """Calls in an open loop: a slow answer does not delay other calls."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.TaskGroup() as group:
            for due in self._times(begun, seconds):
                await asyncio.sleep(max(0.0, due - loop.time()))
                phase.sent += 1
                group.create_task(self._call(phase, due))

    def _times(self, begun: float, seconds: float) -> Iterator[float]:
        for number in range(int(seconds * self._rate)):
            yield begun + number / self._rate

    async def _call(self, phase: Phase, due: float) -> None:
        world, trace = self._world, f"{random.getrandbits(128):032x}"
        script = honest_call(stream=bool(phase.sent % 2))
        try:
            port = world.installation.gateway_port
            answer = await follow(script, port, world.honest.key, trace)
        except OSError as error:
            phase.failures.append(f"no connection: {error}")
            return
        if answer.status == 200 and answer.whole:
            self.answered.add(trace)
            phase.seconds.append(asyncio.get_running_loop().time() - due)
        else:
            phase.failures.append(f"{answer.status} {answer.body[:200]!r}")
