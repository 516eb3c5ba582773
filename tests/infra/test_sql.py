"""The relational store: whole transactions, callbacks after them, known versions."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.migrate import head_version, migrate, stored_version
from penstock.kernel.errors import Conflict, SetupError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(sqlite_url(tmp_path / "a folder with spaces & signs?.db"))
    with database.write() as tx:
        tx.connection.execute(text("CREATE TABLE t (n INTEGER UNIQUE)"))
    yield database
    database.close()


def _numbers(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(text("SELECT n FROM t ORDER BY n")).scalars())


def _add(connection: Connection, number: int) -> None:
    connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})


def test_a_transaction_is_stored_whole_and_then_reported(database: Database) -> None:
    reported: list[list[int]] = []
    with database.write() as tx:
        _add(tx.connection, 1)
        tx.after_commit(lambda: reported.append(_numbers(database)))
        _add(tx.connection, 2)
    assert reported == [[1, 2]]


def test_a_failed_transaction_leaves_nothing_and_tells_nobody(database: Database) -> None:
    reported: list[str] = []

    def fail() -> None:
        with database.write() as tx:
            _add(tx.connection, 1)
            tx.after_commit(lambda: reported.append("stored"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (_numbers(database), reported) == ([], [])


def test_what_another_writer_stored_first_is_a_conflict(database: Database) -> None:
    with database.write() as tx:
        _add(tx.connection, 1)
    with pytest.raises(Conflict), database.write() as tx:
        _add(tx.connection, 1)


def test_writers_of_many_threads_wait_for_each_other(database: Database) -> None:
    def work(first: int) -> None:
        for number in range(first, first + 20):
            with database.write() as tx:
                top = tx.connection.execute(text("SELECT max(n) FROM t")).scalar() or 0
                _add(tx.connection, top + 1)
                assert number >= 0

    threads = [threading.Thread(target=work, args=(i * 20,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _numbers(database) == list(range(1, 121))


def test_a_view_stays_the_same_while_others_write(database: Database) -> None:
    with database.read() as connection:
        before = connection.execute(text("SELECT count(*) FROM t")).scalar()
        with database.write() as tx:
            _add(tx.connection, 1)
        assert connection.execute(text("SELECT count(*) FROM t")).scalar() == before
    assert _numbers(database) == [1]


def test_sqlite_is_durable_and_strict(database: Database) -> None:
    with database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_errors_do_not_repeat_values(database: Database) -> None:
    with pytest.raises(Exception, match="no such table") as failed, database.write() as tx:
        tx.connection.execute(text("INSERT INTO nowhere VALUES (:v)"), {"v": "pk_secret"})
    assert "pk_secret" not in str(failed.value)


@pytest.mark.parametrize("url", ["nonsense", "mysql://root@localhost/x", "oracle://"])
def test_stores_of_other_kinds_are_refused(url: str) -> None:
    with pytest.raises(SetupError):
        Database(url)


def test_a_fresh_store_becomes_current_and_stays(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "penstock.db"))
    assert stored_version(database) == ""
    migrate(database)
    assert stored_version(database) == head_version()
    migrate(database)
    database.close()


def test_a_newer_store_is_refused_untouched(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "penstock.db"))
    migrate(database)
    with database.write() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupError, match="9999") as refused:
        migrate(database)
    assert "newer Penstock" in refused.value.hint
    assert stored_version(database) == "9999"
    database.close()


def test_a_failed_migration_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "penstock.db"))
    with database.write() as tx:
        tx.connection.execute(text("CREATE TABLE members (x INTEGER)"))
    with pytest.raises(Exception, match="members"):
        migrate(database)
    with database.read() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        assert set(tables.scalars()) == {"members"}
    database.close()


def test_a_store_that_cannot_be_opened_is_reported_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    database = Database(sqlite_url(folder / "penstock.db"))
    shutil.rmtree(folder)
    with pytest.raises(SetupError, match="cannot be opened"):
        migrate(database)
    elsewhere = Database("postgresql://ann:pg_secret@127.0.0.1:1/none")
    with pytest.raises(SetupError, match="cannot be opened") as refused:
        migrate(elsewhere)
    assert "pg_secret" not in refused.value.sentence()
