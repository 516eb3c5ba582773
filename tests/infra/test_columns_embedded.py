"""The embedded store and its directory."""

import contextlib
import logging
import os
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import msgspec
import pytest

from penstock.infra.columns import ColumnStore, Opening, SchemaStep, apply_steps, open_columns
from penstock.kernel.errors import Overloaded, SetupError


class Thing(msgspec.Struct):
    name: str


CREATE = "CREATE TABLE IF NOT EXISTS things (name String) ENGINE = MergeTree ORDER BY name"
LOG = logging.getLogger("test.columns")
THINGS = SchemaStep(1, "things", (CREATE,))


def opened(directory: Path) -> ColumnStore:
    store = open_columns(f"chdb://{directory / 'columns'}")
    apply_steps(store, "things", [THINGS])
    return store


def things(store: ColumnStore) -> list[str]:
    return [thing.name for thing in store.query("SELECT name FROM things", {}, Thing)]


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.insert("things", [Thing("a")])
    store.close()
    store = opened(tmp_path)
    assert things(store) == ["a"]
    store.close()
    assert stat.S_IMODE((tmp_path / "columns").stat().st_mode) == 0o700


def test_the_error_of_a_second_owner_names_the_first(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(SetupError, match=f"pid {os.getpid()}") as caught:
        opened(tmp_path)
    assert "Stop it" in caught.value.hint
    store.close()
    opened(tmp_path).close()


def test_a_second_process_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    holding = f"""
        import os
        from penstock.infra.columns import open_columns
        store = open_columns("chdb://{tmp_path / "columns"}")
        print("open", flush=True)
        os.read(0, 1)
    """
    command = [sys.executable, "-c", textwrap.dedent(holding)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(SetupError, match=f"pid {holder.pid}"):
            opened(tmp_path)
        holder.kill()
    opened(tmp_path).close()


def test_memory_limits_suit_a_laptop(tmp_path: Path) -> None:
    class Setting(msgspec.Struct):
        name: str
        value: str

    store = opened(tmp_path)
    rows = store.query(
        "SELECT name, value FROM system.server_settings"
        " WHERE name IN ('max_server_memory_usage', 'mark_cache_size')",
        {},
        Setting,
    )
    store.close()
    assert {row.name: int(row.value) for row in rows} == {
        "max_server_memory_usage": 1_000_000_000,
        "mark_cache_size": 64 << 20,
    }


def test_a_backup_is_restored_into_an_empty_home(tmp_path: Path) -> None:
    store = opened(tmp_path / "old")
    store.insert("things", [Thing("a")])
    store.backup(tmp_path / "old" / "backup")
    store.insert("things", [Thing("later")])
    store.close()
    (tmp_path / "new").mkdir()
    (tmp_path / "old" / "backup").rename(tmp_path / "new" / "backup")
    store = open_columns(f"chdb://{tmp_path / 'new' / 'columns'}")
    store.restore(tmp_path / "new" / "backup")
    apply_steps(store, "things", [THINGS])
    assert things(store) == ["a"]
    store.close()


class Counts(msgspec.Struct):
    things: int
    copies: int


def test_inserts_continue_during_a_backup_of_one_moment(tmp_path: Path) -> None:
    store = opened(tmp_path / "old")
    store.command("CREATE TABLE copies (name String) ENGINE = MergeTree ORDER BY name")
    store.command("CREATE MATERIALIZED VIEW copying TO copies AS SELECT name FROM things")
    store.command("INSERT INTO things SELECT randomString(400) FROM numbers(200000)")
    backup = threading.Thread(target=store.backup, args=(tmp_path / "old" / "backup",))
    backup.start()
    during = 0
    while backup.is_alive():
        store.insert("things", [Thing("x" * 1000)])
        during += backup.is_alive()
    store.close()
    assert during > 1
    (tmp_path / "new").mkdir()
    (tmp_path / "old" / "backup").rename(tmp_path / "new" / "backup")
    restored = open_columns(f"chdb://{tmp_path / 'new' / 'columns'}")
    restored.restore(tmp_path / "new" / "backup")
    ask = "SELECT (SELECT count() FROM things) AS things, (SELECT count() FROM copies) AS copies"
    (counts,) = restored.query(ask, {}, Counts)
    assert 200_000 <= counts.things == counts.copies
    restored.close()


@pytest.mark.parametrize("dsn", ["", "columns", "chdb://relative", "sqlite:///x", "chdb:///a?b/c"])
def test_a_dsn_that_names_no_store_is_refused(dsn: str) -> None:
    with pytest.raises(SetupError):
        open_columns(dsn)


def test_a_directory_with_special_characters_works(tmp_path: Path) -> None:
    store = opened(tmp_path / "a b %20 é <x>")
    store.insert("things", [Thing("a")])
    assert things(store) == ["a"]
    store.close()


def test_an_unreachable_server_is_a_one_line_error() -> None:
    with pytest.raises(SetupError, match="ClickHouse server") as caught:
        open_columns("http://default@127.0.0.1:9/")
    assert "DSN" in caught.value.hint


def test_while_the_store_opens_callers_get_retry_after(tmp_path: Path) -> None:
    go_on = threading.Event()

    def slowly() -> ColumnStore:
        go_on.wait(10)
        return opened(tmp_path)

    opening = Opening(slowly, LOG)
    with pytest.raises(Overloaded, match="still opening") as caught:
        opening.store()
    assert caught.value.retry_after_s == 1
    go_on.set()
    assert things(opening.wait(10)) == []
    opening.close()


def test_the_error_of_a_failed_opening_is_raised_for_every_caller(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = opened(tmp_path)
    opening = Opening(lambda: opened(tmp_path), LOG, first_retry_s=60)
    for _ in range(2):
        with pytest.raises(SetupError, match="Another process"):
            opening.wait(10)
    opening.close()  # does not wait for the next attempt
    first.close()
    assert "Another process" in caplog.text


def test_a_failed_opening_is_retried_until_it_succeeds(tmp_path: Path) -> None:
    first = opened(tmp_path)
    opening = Opening(lambda: opened(tmp_path), LOG, first_retry_s=0.05)
    with pytest.raises(SetupError, match="Another process"):
        opening.wait(10)
    first.close()
    assert things(opened_at_last(opening)) == []
    opening.close()


def opened_at_last(opening: Opening) -> ColumnStore:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(SetupError):
            return opening.store()
        time.sleep(0.02)
    raise AssertionError("the store was not opened again")
