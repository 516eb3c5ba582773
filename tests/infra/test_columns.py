"""The contract of the column store, for both adapters."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.clickhouse_front import clickhouse_front
from penstock.infra.columns import ColumnStore, SchemaStep, apply_steps, open_columns
from penstock.kernel.errors import Overloaded, PenstockError, SetupError

CREATE = (
    "CREATE TABLE IF NOT EXISTS things (name String, size UInt64) ENGINE = MergeTree"
    " ORDER BY name SETTINGS non_replicated_deduplication_window = 100"
)
THINGS = SchemaStep(1, "things", (CREATE,))
law = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Thing(msgspec.Struct, frozen=True):
    name: str
    size: int


class Text(msgspec.Struct):
    value: str


class Texts(msgspec.Struct):
    value: list[str]


class Number(msgspec.Struct):
    value: int


@pytest.fixture(scope="module", params=["embedded", "server"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ColumnStore]:
    directory = tmp_path_factory.mktemp("a home")
    if request.param == "embedded":
        store = open_columns(f"chdb://{directory / 'columns'}")
        apply_steps(store, "test", [THINGS])
        yield store
        store.close()
        return
    with clickhouse_front(directory) as url:
        store = open_columns(url)
        apply_steps(store, "test", [THINGS])
        yield store
        store.close()


def count(store: ColumnStore, name: str) -> int:
    sql = "SELECT count() AS value FROM things WHERE name = {name:String}"
    return store.query(sql, {"name": name}, Number)[0].value


@law
@given(st.text())
def test_any_text_parameter_arrives_unchanged(store: ColumnStore, value: str) -> None:
    assert store.query("SELECT {v:String} AS value", {"v": value}, Text)[0].value == value


@law
@given(st.lists(st.text(), max_size=5))
def test_any_list_parameter_arrives_unchanged(store: ColumnStore, value: list[str]) -> None:
    rows = store.query("SELECT {v:Array(String)} AS value", {"v": value}, Texts)
    assert rows[0].value == value


@given(st.integers(-(2**63), 2**63 - 1))
@law
def test_any_number_parameter_arrives_unchanged(store: ColumnStore, value: int) -> None:
    assert store.query("SELECT {v:Int64} AS value", {"v": value}, Number)[0].value == value


@law
@given(st.text())
def test_any_stored_text_is_returned_unchanged(store: ColumnStore, name: str) -> None:
    store.command("TRUNCATE TABLE things")
    store.insert("things", [Thing(name, 2**64 - 1)])
    rows = store.query("SELECT name, size FROM things", {}, Thing)
    assert rows == [Thing(name, 2**64 - 1)]


def test_an_insert_counts_once_under_its_token(store: ColumnStore) -> None:
    for token in ("t1", "t1", "it's \\ t2", "it's \\ t2"):
        store.insert("things", [Thing("token", 1)], token=token)
    assert count(store, "token") == 2


def test_an_empty_insert_does_nothing(store: ColumnStore) -> None:
    store.insert("things", [])


def test_a_query_cannot_write(store: ColumnStore) -> None:
    with pytest.raises(PenstockError, match="rejected"):
        store.query("INSERT INTO things VALUES ('x', 1); SELECT 1 AS value", {}, Number)
    with pytest.raises(PenstockError, match="rejected"):
        store.query("CREATE TABLE other (a Int8) ENGINE = Memory --", {}, Number)


def test_an_error_of_the_engine_becomes_a_penstock_error(store: ColumnStore) -> None:
    with pytest.raises(PenstockError, match="UNKNOWN_TABLE") as caught:
        store.query("SELECT 1 AS value FROM absent", {}, Number)
    assert caught.value.code == "column_store_failed"


def test_a_query_that_takes_too_long_fails_with_overloaded(store: ColumnStore) -> None:
    sql = "SELECT sum(sleepEachRow(1)) AS value FROM numbers(5) SETTINGS max_execution_time = 1"
    with pytest.raises(Overloaded, match="time or memory limit"):
        store.query(f"{sql}, max_block_size = 1", {}, Number)


def test_writers_and_readers_work_at_the_same_time(store: ColumnStore) -> None:
    def write(number: int) -> None:
        store.insert("things", [Thing("crowd", number)], token=f"crowd{number}")

    def read(_: int) -> int:
        return count(store, "crowd")

    with ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(write, number) for number in range(20)]
        seen = [read.result() for read in [pool.submit(read, n) for n in range(40)]]
        for write_ in writes:
            write_.result()
    assert max(seen) <= 20
    assert count(store, "crowd") == 20


def test_steps_are_applied_once_and_in_order(store: ColumnStore) -> None:
    create = SchemaStep(1, "one", ("CREATE TABLE steps (a Int8) ENGINE = MergeTree ORDER BY a",))
    extend = SchemaStep(2, "two", ("ALTER TABLE steps ADD COLUMN b Int8",))
    apply_steps(store, "steps", [create])
    apply_steps(store, "steps", [create, extend])
    apply_steps(store, "steps", [create, extend])
    store.command("INSERT INTO steps (a, b) VALUES (1, 2)")


def test_a_store_of_a_newer_version_is_refused(store: ColumnStore) -> None:
    apply_steps(store, "newer", [SchemaStep(3, "three", ())])
    with pytest.raises(SetupError, match="version 3"):
        apply_steps(store, "newer", [SchemaStep(1, "one", ())])


def test_more_queries_than_readers_wait(store: ColumnStore) -> None:
    # Five slow queries and three readers: two queries wait.
    barrier = threading.Barrier(5)

    def ask() -> int:
        barrier.wait()
        return store.query("SELECT toUInt64(sleep(0.2)) AS value", {}, Number)[0].value

    with ThreadPoolExecutor(5) as pool:
        assert [f.result() for f in [pool.submit(ask) for _ in range(5)]] == [0] * 5
