"""Files of cached answers: right or not there, expired ones deleted, bounded, shared fairly."""

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest

from penstock.infra.answers.files import LEFT_OVER_S, AnswerFiles
from penstock.infra.answers.index import NAME, AnswerIndex, Spot
from penstock.infra.answers.segments import LOOKS_EVERY_S, MAX_OPEN

RECORD = 176  # bytes of an answer of 100 bytes


def place(at: int, project: str = "prj_1") -> str:
    return f"{project}/{at:064}"


def segments(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*/*"))


def files_at(folder: Path, max_bytes: int, now_s: float = 0.0) -> AnswerFiles:
    return AnswerFiles(folder, max_bytes, lambda: now_s)


async def test_an_answer_is_read_as_it_was_written_and_private(tmp_path: Path) -> None:
    files = files_at(tmp_path / "cache", 10_000)
    assert await files.read(place(1)) is None
    files.write(place(1), b"answer", 100.0)
    assert await files.read(place(1)) == b"answer"
    files.write(place(1), b"another", 100.0)
    assert await files.read(place(1)) == b"another"
    assert await files.read(place(1, "prj_2")) is None
    found = [*segments(tmp_path / "cache"), tmp_path / "cache" / NAME]
    assert all(path.stat().st_mode & 0o077 == 0 for path in found)
    files.close()


async def test_other_workers_find_an_answer_at_once(tmp_path: Path) -> None:
    first, second = files_at(tmp_path, 100_000), files_at(tmp_path, 100_000)
    assert await second.read(place(1)) is None
    first.write(place(1), b"of the first", 100.0)
    second.write(place(2), b"of the second", 100.0)
    assert await second.read(place(1)) == b"of the first"
    assert await first.read(place(2)) == b"of the second"
    second.write(place(1), b"newer", 100.0)
    assert await first.read(place(1)) == b"newer"


async def test_answers_that_expire_together_share_a_file(tmp_path: Path) -> None:
    files = files_at(tmp_path, 2**20, 1000.0)
    for at in range(60):
        files.write(place(at), b"x" * 100, 1060.0 + at % 4)
    assert [path.stat().st_size for path in segments(tmp_path)] == [60 * RECORD]
    files.write(place(60), b"x" * 100, 90_000.0)
    assert len(segments(tmp_path)) == 2
    assert all([await files.read(place(at)) == b"x" * 100 for at in range(61)])


async def test_a_worker_has_few_files_open(tmp_path: Path) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before, files = open_files(), files_at(tmp_path, 2**20)
    for at in range(3 * MAX_OPEN):
        files.write(place(at, f"prj_{at}"), b"x", 60.0)
    assert open_files() - before < MAX_OPEN + 10
    assert await files.read(place(1, "prj_1")) == b"x"
    files.close()


async def test_a_sweep_deletes_what_has_expired_and_then_what_expires_first(tmp_path: Path) -> None:
    files = files_at(tmp_path, 8 * RECORD)
    for at in range(20):
        files.sweep(0.0)
        files.write(place(at), b"x" * 100, 1000.0 + 2000 * at)
    assert files.sweep(1000.0) == 8 * RECORD
    kept = [at for at in range(20) if await files.read(place(at)) is not None]
    assert kept == list(range(12, 20))
    assert files.sweep(90_000.0) == 0


async def test_an_answer_goes_into_a_new_file_when_its_own_was_deleted(tmp_path: Path) -> None:
    now = [0.0]
    files = AnswerFiles(tmp_path, 2**20, lambda: now[0])
    files.write(place(1), b"x" * 100, 60.0)
    (path,) = segments(tmp_path)
    path.unlink()
    assert await files.read(place(1)) is None
    now[0] += LOOKS_EVERY_S
    files.write(place(2), b"y" * 100, 60.0)
    assert await files.read(place(2)) == b"y" * 100


async def test_a_project_that_fills_the_cache_takes_no_place_of_others(tmp_path: Path) -> None:
    files = files_at(tmp_path, 8000)
    files.write(place(0, "small"), b"x" * 100, 1000.0)
    for at in range(200):
        files.sweep(0.0)
        files.write(place(at, "large"), b"x" * 100, 9000.0)
    assert files.sweep(0.0) <= 8000
    assert await files.read(place(0, "small")) is not None


async def test_between_two_sweeps_a_worker_and_a_project_write_their_shares(tmp_path: Path) -> None:
    files = files_at(tmp_path, 8000)
    for project in ("a", "b", "c"):
        for at in range(100):
            files.write(place(at, project), b"x" * 100, 1000.0)
    assert files.sweep(0.0) == 20 * (RECORD - 4)  # the name of the project is shorter
    files.write(place(7, "c"), b"x" * 100, 1000.0)
    assert await files.read(place(7, "c")) is not None


async def test_a_place_is_locked_once_and_not_without_a_share(tmp_path: Path) -> None:
    first, second = files_at(tmp_path, 8000), files_at(tmp_path, 8000)
    held = await first.lock(place(1), 100)
    assert held is not None
    assert await second.lock(place(1), 100) is None
    second.sweep(0.0)
    assert await second.lock(place(1), 100) is None
    held.release()
    again = await second.lock(place(1), 100)
    assert again is not None
    again.release()
    with pytest.raises(OSError, match="share"):
        await first.lock(place(2), 1001)


async def test_what_others_have_left_is_deleted(tmp_path: Path) -> None:
    files = files_at(tmp_path, 8000)
    (tmp_path / ".1-1").write_bytes(b"half")
    (tmp_path / "prj_1").mkdir()
    (tmp_path / place(1)).with_suffix(".lock").touch()
    (tmp_path / "prj_1" / ("a" * 64)).write_bytes(b"the answer of an older release")
    now = (tmp_path / ".1-1").stat().st_ctime
    files.sweep(now)
    assert [path.name for path in tmp_path.glob(".*")] == [".1-1"]
    files.sweep(now + LEFT_OVER_S + 1)
    assert list(tmp_path.glob(".*")) == list((tmp_path / "prj_1").glob("*")) == []


async def test_a_disk_that_refuses_loses_the_answer_only(tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    files = files_at(blocked, 10_000)
    files.write(place(1), b"answer", 100.0)
    assert await files.read(place(1)) is None
    assert files.sweep(0.0) == 0


async def test_without_space_nothing_is_kept(tmp_path: Path) -> None:
    files = files_at(tmp_path / "cache", 0)
    files.write(place(1), b"answer", 100.0)
    assert await files.read(place(1)) is None
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("damage", ["segment", "index", "cut"])
async def test_a_damaged_file_is_a_miss(tmp_path: Path, damage: str) -> None:
    files = files_at(tmp_path, 2**24)
    for at in range(50):
        files.write(place(at), b"%03d" % at * 100, 1000.0)
    (path,) = segments(tmp_path)
    path = tmp_path / NAME if damage == "index" else path
    data = bytearray(path.read_bytes())
    draws = random.Random(7)
    for at in draws.sample(range(16, len(data)), len(data) // 50):
        data[at] ^= 0xFF
    path.write_bytes(data[: len(data) // 2] if damage == "cut" else data)
    found = [await files.read(place(at)) for at in range(50)]
    assert all(one in (None, b"%03d" % at * 100) for at, one in enumerate(found))
    assert found.count(None) > 0


def test_a_full_set_loses_an_answer_of_the_project_that_has_most(tmp_path: Path) -> None:
    index = AnswerIndex.open(tmp_path, 512)
    spots = {at: Spot(100 + at, 1, at, 1) for at in range(4000)}
    index.put(place(0, "small"), Spot(50, 1, 1, 1), 0.0)
    for at, spot in spots.items():
        index.put(place(at, "large"), spot, 0.0)
    assert index.find(place(0, "small")) is not None
    found = [at for at in spots if index.find(place(at, "large")) is not None]
    assert 500 < len(found) < 512
    assert sum(found) / len(found) > 3500
    index.close()


def write_for_ever(folder: Path, worker: int) -> None:
    files = AnswerFiles(folder, 2**30)
    draws = random.Random(worker)
    while True:
        at = draws.randrange(200)
        files.write(place(at), b"%03d" % at * draws.randrange(1, 3000), time.time() + 60)


async def test_workers_that_are_killed_leave_no_wrong_answer(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    files, seen = AnswerFiles(tmp_path, 2**30), 0
    for round_number in range(2):
        workers = [
            spawn.Process(target=write_for_ever, args=(tmp_path, 10 * round_number + at))
            for at in range(3)
        ]
        for each in workers:
            each.start()
        until = time.monotonic() + 2
        while time.monotonic() < until or not seen:
            for at in range(200):
                if (found := await files.read(place(at))) is not None:
                    assert found == b"%03d" % at * (len(found) // 3)
                    seen += 1
        for each in workers:
            os.kill(each.pid or 0, signal.SIGKILL)
            each.join()
    assert seen > 1000
