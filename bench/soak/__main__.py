"""`python -m bench.soak --minutes 60`: honest clients alone, during an attack, and alone again.

Writes bench/results/soak.json, and prints a table.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.process import free_port
from bench.soak.honest import Honest, Phase
from bench.soak.hostile import Target
from bench.soak.table import table
from tests.laws.exchange import Provider, running_provider
from tests.laws.world import World, running_world, wait_known

RESULT: Final = Path(__file__).parents[1] / "results" / "soak.json"
STORED_WITHIN_S: Final = 120.0
SECONDS_EACH_MINUTE: Final = 60.0


class Attacker(NamedTuple):
    """The attacking process. A line on `stdin` starts the attack; closing it ends the attack."""

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader


@dataclass
class Run:
    """One soak run and its results."""

    world: World
    attack: Attacker
    honest: Honest
    begun: float = field(default_factory=time.monotonic)
    phases: list[Phase] = field(default_factory=list[Phase])
    memory: list[dict[str, float]] = field(default_factory=list[dict[str, float]])

    async def run(self, minutes: float, sample_s: float) -> dict[str, Any]:
        """Runs one sixth of the time before the attack, four sixths during it, one sixth after."""
        since = datetime.now(UTC) - timedelta(seconds=5)
        watching = asyncio.create_task(self._watch(sample_s))
        sixth = 60 * minutes / 6
        await self._phase("before", sixth)
        self.attack.stdin.write(b"go\n")
        await self._phase("among the hostile", 4 * sixth)
        self.attack.stdin.close()
        got = json.loads(await self.attack.stdout.read())
        await self._phase("after", sixth)
        stored = await self._stored(since.isoformat())
        watching.cancel()
        self._sample()
        return self._result(minutes, stored) | {"hostile": got}

    async def _phase(self, name: str, seconds: float) -> None:
        phase = Phase(name)
        self.phases.append(phase)
        await self.honest.call_for(phase, seconds)
        print(f"{name}: {phase.sent} sent, p99 {phase.percentile(0.99):.0f} ms", flush=True)

    async def _watch(self, every_s: float) -> None:
        while True:
            await asyncio.to_thread(self._sample)  # the kernel needs some time for it
            await asyncio.sleep(every_s)

    def _sample(self) -> None:
        held = {name: round(size / 2**20, 1) for name, size in self.world.memory().items()}
        self.memory.append({"minute": round((time.monotonic() - self.begun) / 60, 2), **held})

    async def _stored(self, since: str) -> Counter[str]:
        """Counts the records of each honest call, once all are stored or the time is over."""
        deadline = time.monotonic() + STORED_WITHIN_S
        while True:
            rows = await self.world.listed(self.world.honest.project_id, since)
            found = Counter(row["trace_id"] for row in rows)
            if self.honest.answered <= found.keys() or time.monotonic() > deadline:
                return found
            await asyncio.sleep(1.0)

    def _result(self, minutes: float, stored: Counter[str]) -> dict[str, Any]:
        answered = self.honest.answered
        return {
            "minutes": minutes,
            "phases": [
                {
                    "name": phase.name,
                    "sent": phase.sent,
                    "answered": len(phase.seconds),
                    "p50_ms": round(phase.percentile(0.5), 1),
                    "p99_ms": round(phase.percentile(0.99), 1),
                    "failures": Counter(phase.failures),
                }
                for phase in self.phases
            ],
            "answered": len(answered),
            "lost": len(answered - stored.keys()),
            "doubled": sum(1 for trace in answered if stored[trace] > 1),
            "memory_mib": self.memory,
        }


def main(argv: list[str]) -> int:
    """Returns 0 if no honest call was lost, duplicated or refused."""
    options = _arguments().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="penstock-soak-") as folder:
        result = asyncio.run(_soak(Path(folder) / "home", options))
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))
    failed = any(phase["failures"] for phase in result["phases"])
    return 1 if failed or result["lost"] or result["doubled"] else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="total minutes (60)")
    parser.add_argument("--rate", type=float, default=10, help="honest calls per second (10)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the hostile calls (1)")
    parser.add_argument("--out", type=Path, default=RESULT, help="the result file")
    return parser


async def _soak(home: Path, options: argparse.Namespace) -> dict[str, Any]:
    odd = free_port()
    async with running_provider(Provider()) as good:
        with running_world(home, odd, good.port) as world:
            await wait_known(world)
            async with _attacker(world, odd, options.seed) as attack:
                run = Run(world, attack, Honest(world, options.rate))
                return await run.run(options.minutes, min(SECONDS_EACH_MINUTE, options.minutes * 6))


@asynccontextmanager
async def _attacker(world: World, provider_port: int, seed: int) -> AsyncIterator[Attacker]:
    """Starts the attacking process and waits until it is ready."""
    installation, tenant = world.installation, world.hostile
    target = Target(
        gateway_port=installation.gateway_port,
        server_port=installation.server_port,
        provider_port=provider_port,
        project_id=tenant.project_id,
        key=tenant.key,
        seed=seed,
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.soak.hostile",
        json.dumps(asdict(target)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        yield Attacker(process.stdin, process.stdout)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
