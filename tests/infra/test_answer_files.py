"""Files of cached answers: whole or not there, expired ones deleted, bounded, shared fairly."""

from pathlib import Path

import pytest

from penstock.infra.answer_files import LEFT_OVER_S, AnswerFiles


def place(at: int, project: str = "prj_1") -> str:
    return f"{project}/{at:064}"


async def test_a_file_is_read_as_it_was_written_and_private(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path / "cache", 1000)
    assert await files.read(place(1)) is None
    files.write(place(1), b"answer", 100.0)
    assert await files.read(place(1)) == b"answer"
    (path,) = (tmp_path / "cache").glob("*/*")
    assert path.stat().st_mode & 0o077 == 0


async def test_a_sweep_deletes_what_has_expired_and_then_what_expires_first(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path, 800)
    for at in range(20):
        files.sweep(0.0)
        files.write(place(at), b"x" * 90, 1000.0 + at)
    assert files.sweep(1000.5) == 720
    assert [at for at in range(20) if await files.read(place(at)) is not None] == list(
        range(12, 20)
    )
    assert files.sweep(2000.0) == 0


async def test_a_project_that_fills_the_cache_takes_no_place_of_others(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path, 8000)
    files.write(place(0, "small"), b"x" * 100, 1000.0)
    for at in range(200):
        files.sweep(0.0)
        files.write(place(at, "large"), b"x" * 100, 9000.0)
    assert files.sweep(0.0) <= 8000
    assert await files.read(place(0, "small")) is not None


async def test_between_two_sweeps_a_worker_and_a_project_write_their_shares(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path, 8000)
    for project in ("a", "b", "c"):
        for at in range(100):
            files.write(place(at, project), b"x" * 100, 1000.0)
    written = [len(list((tmp_path / project).glob("*"))) for project in ("a", "b")]
    assert written == [10, 10]
    assert files.sweep(0.0) == 2000
    files.write(place(7, "c"), b"x" * 100, 1000.0)
    assert await files.read(place(7, "c")) is not None


async def test_a_place_is_locked_once_and_not_without_a_share(tmp_path: Path) -> None:
    first, second = AnswerFiles(tmp_path, 8000), AnswerFiles(tmp_path, 8000)
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


async def test_what_a_killed_process_left_is_deleted(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path, 8000)
    (tmp_path / ".1-1").write_bytes(b"half")
    (tmp_path / "prj_1").mkdir()
    (tmp_path / place(1)).with_suffix(".lock").touch()
    now = (tmp_path / ".1-1").stat().st_ctime
    files.sweep(now)
    assert [path.name for path in tmp_path.glob(".*")] == [".1-1"]
    files.sweep(now + LEFT_OVER_S + 1)
    assert list(tmp_path.glob(".*")) == list((tmp_path / "prj_1").glob("*")) == []


async def test_a_disk_that_refuses_loses_the_entry_only(tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    files = AnswerFiles(blocked, 1000)
    files.write(place(1), b"answer", 100.0)
    assert await files.read(place(1)) is None
    assert files.sweep(0.0) == 0
