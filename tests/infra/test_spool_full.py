"""A full spool, by quota or disk: decided when a call begins; admitted calls can end."""

import asyncio
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.spool_world import FolderStore, begin_of, end_of, eventually, new_writer, open_spool
from penstock.infra.spool import OnFull, SendOutcome, SendResult, Spool, SpoolFull, SpoolLimits
from penstock.infra.spool.frame import Damage, scan
from penstock.infra.spool.reserve import Reserve
from penstock.kernel.errors import SetupError
from penstock.kernel.time import SystemClock
from penstock.rules.call import encode

MIB = 1024 * 1024


def begin(spool: Spool, number: int, *, on_full: OnFull, end_bytes: int = 3000) -> str:
    record = begin_of(number)
    spool.begin(record.trace_id, encode(record), end_bytes=end_bytes, on_full=on_full)
    return record.trace_id


def end(spool: Spool, number: int, size: int = 2000) -> bool:
    record = begin_of(number)
    return spool.end(record.trace_id, encode(end_of(record, size)))


def fill(spool: Spool, *, limit: int = 100_000) -> list[str]:
    """Records finished calls until one is refused; returns their trace ids."""
    done: list[str] = []
    for number in range(limit):
        try:
            trace = begin(spool, number, on_full=OnFull.REFUSE)
        except SpoolFull:
            return done
        assert end(spool, number)
        done.append(trace)
    raise AssertionError("never full")


async def test_at_the_quota_calls_are_refused_until_the_spool_has_drained(tmp_path: Path) -> None:
    spool, store = open_spool(tmp_path / "spool", quota_bytes=200_000), FolderStore(tmp_path / "s")
    store.result = SendResult(SendOutcome.RETRY, "down")
    task = asyncio.create_task(spool.run(store))
    done = fill(spool)
    with pytest.raises(SpoolFull, match=r"quota of 0\.191 MiB is reached") as refused:
        begin(spool, -1, on_full=OnFull.REFUSE)
    assert refused.value.status == 503
    assert refused.value.retry_after_s
    assert spool.stats().refused_calls == 2
    assert spool.stats().full_because
    store.result = None
    await eventually(lambda: not spool.stats().full_because)
    begin(spool, -2, on_full=OnFull.REFUSE)
    await eventually(lambda: len(store.calls()) == len(done))
    assert store.calls() == dict.fromkeys(done, 1)
    assert spool.stats().lost_calls == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    spool.close()


def test_admitted_calls_can_end_at_the_quota(tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "spool", quota_bytes=200_000)
    waiting = [begin(spool, -1 - number, on_full=OnFull.REFUSE) for number in range(20)]
    fill(spool)
    assert all(end(spool, -1 - number) for number in range(len(waiting)))
    assert spool.stats().lost_calls == 0
    spool.close()


def test_under_serve_lost_records_are_counted(tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "spool", quota_bytes=200_000)
    fill(spool)
    for number in range(1000, 1010):
        begin(spool, number, on_full=OnFull.SERVE)
        assert not end(spool, number, 9000)
    assert spool.stats().lost_calls == 10
    assert spool.stats().open_calls == 0
    spool.close()


def test_a_refused_call_is_not_lost_and_is_recorded_if_it_fits(tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "spool", quota_bytes=200_000)
    for size, written in ((9000, True), (300_000, False)):
        with pytest.raises(SpoolFull):
            begin(spool, 1, on_full=OnFull.REFUSE, end_bytes=300_000)
        assert end(spool, 1, size) is written
    assert spool.stats().refused_calls == 2
    assert spool.stats().lost_calls == 0
    spool.close()


async def test_the_quota_includes_other_writers_of_the_home(tmp_path: Path) -> None:
    first = open_spool(tmp_path / "spool")
    for number in range(80):
        begin(first, number, on_full=OnFull.REFUSE)
        end(first, number)
    second = open_spool(tmp_path / "spool", quota_bytes=100_000)
    task = asyncio.create_task(second.run(FolderStore(tmp_path / "s")))
    await eventually(lambda: second.stats().bytes_on_disk > 150_000)
    with pytest.raises(SpoolFull):
        begin(second, 1000, on_full=OnFull.REFUSE)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    first.close()
    second.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A separate disk of 4 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=False
    )
    if mounted.returncode:
        pytest.skip("mounting needs more rights than this user has")  # needs: root
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def open_on(disk: Path) -> Spool:
    return Spool.open(
        disk / "spool",
        new_writer(),
        clock=SystemClock(),
        jitter=random.random,
        limits=SpoolLimits(segment_bytes=400_000, reserve_step_bytes=64 * 1024),
    )


def foreign_file(disk: Path) -> None:
    """Fills the rest of the disk with a file of another program."""
    with (disk / "foreign").open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def test_on_a_full_disk_admitted_calls_end_and_no_call_begins(small_disk: Path) -> None:
    spool = open_on(small_disk)
    for number in range(100):
        begin(spool, number, on_full=OnFull.REFUSE, end_bytes=5000)
    foreign_file(small_disk)
    with pytest.raises(SpoolFull, match="No space left on device"):
        begin(spool, 100, on_full=OnFull.REFUSE, end_bytes=MIB)
    assert all(end(spool, number, 4000) for number in range(100))
    assert spool.stats().lost_calls == 0
    spool.close()
    for segment in (small_disk / "spool").glob("*.spool"):
        assert not [found for found in scan(segment.read_bytes()) if isinstance(found, Damage)]


async def test_when_the_disk_has_space_again_all_records_are_shipped(
    small_disk: Path, tmp_path: Path
) -> None:
    spool, store = open_on(small_disk), FolderStore(tmp_path / "s")
    done = fill(spool)
    assert len(done) > 500
    task = asyncio.create_task(spool.run(store))
    await eventually(lambda: len(store.calls()) == len(done))
    await eventually(lambda: not spool.stats().full_because)
    more = fill(spool)
    assert len(more) > 500
    assert set(store.calls()) >= set(done)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    spool.close()


def test_a_record_cut_short_by_a_full_disk_is_removed(small_disk: Path) -> None:
    spool = open_on(small_disk)
    foreign_file(small_disk)
    foreign = small_disk / "foreign"
    os.truncate(foreign, foreign.stat().st_size - 3 * 4096)
    for number in range(50):
        begin(spool, number, on_full=OnFull.SERVE, end_bytes=0)
        end(spool, number, 9000)
    assert spool.stats().lost_calls
    foreign.unlink()
    begin(spool, 1000, on_full=OnFull.REFUSE)
    assert end(spool, 1000)
    spool.close()
    for segment in (small_disk / "spool").glob("*.spool"):
        assert not [found for found in scan(segment.read_bytes()) if isinstance(found, Damage)]


def test_a_spool_that_cannot_be_written_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("not a directory")
    with pytest.raises(SetupError, match="cannot be written"):
        open_spool(tmp_path / "spool")


def test_a_record_above_the_maximum_size_is_lost_alone_and_releases_its_space(
    tmp_path: Path,
) -> None:
    spool = open_spool(tmp_path / "spool", quota_bytes=200_000)
    for number in range(20):
        trace = begin(spool, number, on_full=OnFull.REFUSE, end_bytes=100_000)
        assert not spool.end(trace, bytes(64 * MIB + 1))
    assert spool.stats().open_calls == 0
    assert spool.stats().lost_calls == 20
    spool.close()


def test_reserved_space_is_released_after_a_peak(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "r", MIB)
    reserve.hold(40 * MIB)
    assert (tmp_path / "r").stat().st_size == 40 * MIB
    reserve.trim(100)
    assert reserve.size == (tmp_path / "r").stat().st_size == MIB
    reserve.remove()
    assert not (tmp_path / "r").exists()
