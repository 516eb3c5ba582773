"""Crashes: real processes are killed. Every finished call is stored once."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from infra import spool_process
from infra.spool_process import WorkerConfig
from infra.spool_world import FolderStore, begin_of, eventually, new_writer, open_spool, record
from penstock.infra.spool import Spool
from penstock.infra.spool.files import read_batch, segments_of
from penstock.infra.spool.recovery import read_segment
from penstock.rules.call import CallStatus, encode

HERE = Path(__file__).parent
pytestmark = pytest.mark.drill


class Worker:
    """A process that records calls and prints the finished ones into a ledger."""

    def __init__(self, folder: Path, **config: object) -> None:
        self.writer = new_writer()
        wanted = WorkerConfig(str(folder / "spool"), str(folder / "store"), self.writer, **config)
        self._ledger = folder / f"{self.writer}.ledger"
        path = os.pathsep.join([str(HERE.parent), *sys.path])
        with self._ledger.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, spool_process.__file__, msgspec.json.encode(wanted).decode()],
                stdout=output,
                env={**os.environ, "PYTHONPATH": path},
            )

    def finished(self) -> list[str]:
        return [line for line in self._ledger.read_text().split("\n")[:-1] if line]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    async def killed_by_itself(self) -> None:
        await eventually(lambda: self._process.poll() is not None, within_s=20)
        assert self._process.returncode == -signal.SIGKILL


async def settle(folder: Path) -> FolderStore:
    """Adopts all dead writers in this process."""
    store = FolderStore(folder / "store")
    spool = open_spool(folder / "spool")
    task = asyncio.create_task(spool.run(store))
    others = folder / "spool"
    await eventually(lambda: len(list(others.glob("*.owner"))) == 1, within_s=20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    spool.close()
    return store


def check(store: FolderStore, workers: list[Worker], left_open: int = 3) -> None:
    finished = [trace for worker in workers for trace in worker.finished()]
    assert finished
    stored = store.calls()
    assert [trace for trace in finished if trace not in stored] == []
    assert [trace for trace, times in stored.items() if times > 1] == []
    interrupted = store.calls(CallStatus.INTERRUPTED)
    for worker in workers:
        for number in range(left_open):
            assert interrupted[f"{worker.writer}-{-1 - number}"] == 1
    assert not set(interrupted) & set(finished)


async def test_killed_at_any_time_nothing_is_missing_or_doubled(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    times = random.Random(seed)
    workers: list[Worker] = []
    for _ in range(6):  # each adopts the one before it, and is killed while it does
        worker = Worker(tmp_path)
        workers.append(worker)
        await eventually(worker.finished)
        await asyncio.sleep(times.uniform(0, 0.6))
        worker.kill()
    check(await settle(tmp_path), workers)


@pytest.mark.parametrize(
    ("step", "after"), [("cut", 3), ("shipped", 1), ("shipped", 5), ("rotated", 2), ("removed", 1)]
)
async def test_killed_at_each_step_nothing_is_missing_or_doubled(
    tmp_path: Path, step: str, after: int
) -> None:
    worker = Worker(tmp_path, kill_at=step, kill_after=after)
    await worker.killed_by_itself()
    check(await settle(tmp_path), [worker])


async def test_an_adopter_killed_between_storing_and_deleting_doubles_nothing(
    tmp_path: Path,
) -> None:
    first = Worker(tmp_path, adopt=False, kill_at="rotated", kill_after=3)
    await first.killed_by_itself()
    workers = [first]
    for after in (1, 2, 3):
        adopter = Worker(tmp_path, kill_at="shipped", kill_after=after, pause_s=0.05)
        await adopter.killed_by_itself()
        workers.append(adopter)
    check(await settle(tmp_path), workers)


async def test_only_one_of_two_live_workers_adopts(tmp_path: Path) -> None:
    dead = Worker(tmp_path, adopt=False)
    await eventually(lambda: len(dead.finished()) > 200)
    dead.kill()
    stores = [FolderStore(tmp_path / "store") for _ in range(2)]
    spools = [open_spool(tmp_path / "spool") for _ in range(2)]
    tasks = [asyncio.create_task(s.run(store)) for s, store in zip(spools, stores, strict=True)]
    await eventually(lambda: sum(s.stats().adopted_writers for s in spools) == 1)
    await asyncio.sleep(0.2)
    assert sum(s.stats().adopted_writers for s in spools) == 1
    assert [] in [store.deliveries for store in stores]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for spool in spools:
        spool.close()
    check(stores[0], [dead])


async def test_processes_that_race_for_many_dead_writers_store_each_once(tmp_path: Path) -> None:
    dead = [Worker(tmp_path, adopt=False) for _ in range(3)]
    for worker in dead:
        await eventually(worker.finished)
    for worker in dead:
        worker.kill()
    adopters = [Worker(tmp_path, pause_s=0.05) for _ in range(2)]
    owners = [tmp_path / "spool" / f"{worker.writer}.owner" for worker in dead]
    await eventually(lambda: all(adopter.finished() for adopter in adopters))
    await eventually(lambda: not any(owner.exists() for owner in owners), within_s=20)
    for adopter in adopters:
        adopter.kill()
    check(await settle(tmp_path), [*dead, *adopters])


async def test_a_child_process_that_outlives_its_gateway_does_not_hold_the_lock(
    tmp_path: Path,
) -> None:
    worker = Worker(tmp_path, child=True)
    await eventually(worker.finished)
    worker.kill()
    check(await settle(tmp_path), [worker])


async def test_a_torn_tail_loses_only_calls_that_were_not_answered(tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "spool")
    trace = record(spool, 1)
    begin = begin_of(2)
    spool.begin(begin.trace_id, encode(begin))
    spool.close()
    [segment] = (tmp_path / "spool").glob("*.spool")
    with segment.open("ab") as file:
        file.write(segment.read_bytes()[:40])  # an incomplete record
    adopter = open_spool(tmp_path / "spool")
    store = FolderStore(tmp_path / "store")
    task = asyncio.create_task(adopter.run(store))
    await eventually(lambda: adopter.stats().adopted_writers == 1)
    assert adopter.stats().torn_tails == 1
    assert adopter.stats().interrupted_calls == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    adopter.close()
    assert store.calls(CallStatus.OK) == {trace: 1}
    assert store.calls(CallStatus.INTERRUPTED) == {begin.trace_id: 1}


async def test_truncation_keeps_the_names_of_earlier_batches(tmp_path: Path) -> None:
    """A power cut may truncate unsynced bytes; shipped batches keep tadopter names and bytes."""
    writer = new_writer()
    spool: Spool = open_spool(tmp_path / "spool", writer, batch_bytes=5000)
    for number in range(30):
        record(spool, number)
    spool.close()
    [name] = segments_of(tmp_path / "spool", writer)
    path = name.path(tmp_path / "spool")
    content = path.read_bytes()
    whole = read_segment(tmp_path / "spool", name, None, {}).batches
    bytes_of = {batch.name: read_batch(tmp_path / "spool", batch) for batch in whole}
    for size in (*range(0, len(content), 997), len(content)):
        path.write_bytes(content[:size])
        left = read_segment(tmp_path / "spool", name, None, {}).batches
        kept = [batch.name for batch in whole if batch.end <= size]
        assert [batch.name for batch in left][: len(kept)] == kept
        for batch in left[: len(kept)]:
            assert read_batch(tmp_path / "spool", batch) == bytes_of[batch.name]
