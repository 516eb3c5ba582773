"""Files of cached answers: whole or not there, expired ones deleted, bounded."""

from pathlib import Path

from penstock.infra.answer_files import AnswerFiles


def test_a_file_is_read_as_it_was_written_and_private(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path / "cache", 1000)
    assert files.read("ab" * 32) is None
    files.write("ab" * 32, b"answer", 100.0)
    assert files.read("ab" * 32) == b"answer"
    (path,) = (tmp_path / "cache").glob("*/*")
    assert path.stat().st_mode & 0o077 == 0


def test_a_sweep_deletes_what_has_expired_and_then_what_expires_first(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path, 400)
    for at in range(10):
        files.sweep(0.0)
        files.write(f"{at:064}", b"x" * 90, 1000.0 + at)
    assert files.sweep(1000.5) == 360
    left = [at for at in range(10) if files.read(f"{at:064}") is not None]
    assert left == [6, 7, 8, 9]
    assert files.sweep(2000.0) == 0


def test_between_two_sweeps_a_worker_writes_a_quarter_of_the_limit(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path, 4000)
    for at in range(100):
        files.write(f"{at:064}", b"x" * 100, 1000.0)
    assert files.sweep(0.0) == 1000
    files.write("f" * 64, b"x" * 100, 1000.0)
    assert files.read("f" * 64) is not None


def test_a_disk_that_refuses_loses_the_entry_only(tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    files = AnswerFiles(blocked, 1000)
    files.write("ab" * 32, b"answer", 100.0)
    assert files.read("ab" * 32) is None
    assert files.sweep(0.0) == 0
