"""Several processes on one counter file, killed and stopped at any step."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from infra import counter_process
from infra.counter_process import CounterWorker, opened, spend
from penstock.infra.counters import CounterFile, FileReader, LocalCounters
from penstock.kernel.time import SystemClock
from penstock.spi.counters import CountersUnavailable, Reservation

HERE = Path(__file__).parent
pytestmark = pytest.mark.drill


class Process:
    def __init__(self, path: Path, **config: object) -> None:
        wanted = CounterWorker(str(path), **config)
        places = os.pathsep.join([str(HERE.parent), *sys.path])
        self.process = subprocess.Popen(
            [sys.executable, counter_process.__file__, msgspec.json.encode(wanted).decode()],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": places},
        )

    def ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def output(self) -> list[str]:
        return self.process.communicate(timeout=60)[0].split()

    def stopped(self) -> bool:
        return os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT) is not None

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "counters" / "counters"


def opened_here(path: Path) -> CounterFile:
    return CounterFile.open(path, SystemClock())


def test_four_processes_count_exactly(path: Path) -> None:
    workers = [Process(path, calls=200) for _ in range(4)]
    for worker in workers:
        assert worker.output().count("settled") == 200
    counters = opened_here(path)
    assert counters.read(spend()).used == 4 * 200 * 2
    assert counters.read(opened()).held == 0


def test_four_processes_admit_a_cap_exactly(path: Path) -> None:
    workers = [Process(path, calls=1000, cap=301, amount=1, used=1) for _ in range(4)]
    settled = [worker.output().count("settled") for worker in workers]
    assert sum(settled) == 301
    assert opened_here(path).read(spend()).used == 301


@pytest.mark.parametrize("step", ["locked", "written", "journaled", "changed"])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 6])
def test_a_process_that_is_killed_at_any_step_loses_and_frees_nothing(
    path: Path, step: str, after: int
) -> None:
    killed = Process(path, calls=20, end_at=step, after=after, leave_open=4)
    others = [Process(path, calls=50) for _ in range(2)]
    output = killed.output()
    assert killed.process.returncode == -signal.SIGKILL
    for other in others:
        assert other.output().count("settled") == 50
    counters = opened_here(path)
    counters.recover()
    # Left open: two dispatched ones count with what they had reserved. The last call was settled,
    # or it was asked and counts the same way, or it was never asked.
    settled = output.count("settled")
    asked = output.count("asked") - settled
    certain = 2 * 50 * 2 + 2 * 3 + settled * 2
    assert counters.read(spend()).used in {certain + 3 * asked, certain + 2 * asked}
    assert counters.read(spend()).held == 0
    assert counters.read(opened()).held == 0


async def test_a_stopped_process_with_the_lock_delays_others_for_a_bounded_time(
    path: Path,
) -> None:
    stopped = Process(path, calls=10, end_at="locked", after=1, signal=signal.SIGSTOP)
    try:
        stopped.ready()
        assert stopped.stopped()
        clock = SystemClock()
        counters = LocalCounters(path, clock)
        with pytest.raises(CountersUnavailable):
            await counters.reserve([spend(amount=1)])
        assert counters.problem
        os.kill(stopped.process.pid, signal.SIGCONT)
        assert stopped.output().count("settled") == 10
        await asyncio.sleep(1.1)  # until the file is opened again
        found = await counters.reserve([spend(amount=1)])
        assert isinstance(found, Reservation)
        assert not counters.problem
        counters.settle(found, [1])
        counters.close()
    finally:
        stopped.end()
    assert opened_here(path).read(spend()).used == 10 * 2 + 1


async def test_what_cannot_be_settled_now_is_settled_later(path: Path) -> None:
    counters = LocalCounters(path, SystemClock())
    found = await counters.reserve([spend(amount=5)])
    assert isinstance(found, Reservation)
    counters.dispatched(found)
    stopped = Process(path, calls=10, end_at="changed", after=1, signal=signal.SIGSTOP)
    task = asyncio.create_task(counters.run())
    reader = FileReader(path, SystemClock())
    try:
        stopped.ready()
        assert stopped.stopped()
        counters.settle(found, [4])
        counters.settle(found, [4])
        with pytest.raises(CountersUnavailable):
            await counters.reserve([spend(amount=1)])
        stopped.end()  # killed in the middle of its first reservation
        for _ in range(100):
            await asyncio.sleep(0.05)
            state = reader.read(spend())
            if state == (4, 0, 0):
                break
        assert state == (4, 0, 0)
    finally:
        stopped.end()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        counters.close()
