"""Shipping: records reach the store once, in order, and are deleted only then."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra.spool_world import FolderStore, begin_of, eventually, new_writer, open_spool, record
from penstock.infra.spool import SendOutcome, SendResult, Spool
from penstock.infra.spool.frame import Kind, encode, marker_at_start
from penstock.infra.spool.quarantine import list_quarantined, requeue
from penstock.rules.call import CallStatus
from penstock.rules.call import encode as encode_record


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = open_spool(tmp_path / "spool")
    yield spool
    spool.close()


@asynccontextmanager
async def running(spool: Spool, store: FolderStore) -> AsyncIterator[None]:
    task = asyncio.create_task(spool.run(store))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_finished_call_is_stored_within_two_seconds_with_default_intervals(
    tmp_path: Path, store: FolderStore
) -> None:
    spool = open_spool(tmp_path / "spool", batch_s=0.5, sync_s=0.2)
    async with running(spool, store):
        for number in range(3):
            await asyncio.sleep(0.13)
            trace = record(spool, number)
            await eventually(lambda trace=trace: trace in store.calls(), within_s=2)
    spool.close()


async def test_all_records_are_stored_once_and_in_the_order_of_writing(
    spool: Spool, store: FolderStore
) -> None:
    async with running(spool, store):
        traces = [record(spool, number) for number in range(3000)]
        await eventually(lambda: not spool.stats().oldest_unshipped_s)
    assert store.calls() == dict.fromkeys(traces, 1)
    places = [int(name.rpartition(":")[2].split("-")[0]) for name in store.deliveries]
    assert places == sorted(places)
    assert spool.stats().shipped_batches == len(store.deliveries)


async def test_shipped_segments_are_deleted_and_the_next_repeats_open_calls(
    tmp_path: Path, store: FolderStore
) -> None:
    spool = open_spool(tmp_path / "spool", segment_bytes=50_000)
    begin = begin_of(-1)
    spool.begin("open", encode_record(begin))
    async with running(spool, store):
        for number in range(200):
            record(spool, number)
        await eventually(lambda: len(list((tmp_path / "spool").glob("*.spool"))) == 1)
        await eventually(lambda: not spool.stats().oldest_unshipped_s)
    [segment] = (tmp_path / "spool").glob("*.spool")
    content = segment.read_bytes()
    marker = marker_at_start(content)
    assert marker
    assert content.startswith(encode(Kind.BEGIN, encode_record(begin), marker))
    spool.close()


async def test_only_synced_records_are_shipped(tmp_path: Path, store: FolderStore) -> None:
    spool = open_spool(tmp_path / "spool", sync_s=3600)
    record(spool, 1)
    async with running(spool, store):
        await eventually(lambda: spool.stats().waiting_batches == 1)
        await asyncio.sleep(0.3)
        assert store.deliveries == []
    assert await spool.drain(store, timeout_s=5)  # syncs
    assert len(store.deliveries) == 1
    spool.close()


async def test_an_old_segment_is_closed_and_deleted_once_it_is_shipped(
    tmp_path: Path, store: FolderStore
) -> None:
    spool = open_spool(tmp_path / "spool", segment_s=0.3)
    trace = record(spool, 1)
    async with running(spool, store):
        await eventually(lambda: trace in store.calls())
        [first] = (tmp_path / "spool").glob("*.spool")
        await eventually(lambda: not first.exists())
    spool.close()


async def test_batches_are_kept_until_the_server_has_stored_them(
    spool: Spool, store: FolderStore
) -> None:
    store.result = SendResult(SendOutcome.RETRY, "the server is down")
    async with running(spool, store):
        traces = [record(spool, number) for number in range(10)]
        await eventually(lambda: spool.stats().retries >= 3)
        assert spool.stats().last_failure == "the server is down"
        assert len(set(store.deliveries)) == 1
        store.result = None
        await eventually(lambda: len(store.calls()) == len(traces))
    assert spool.stats().last_failure == ""


async def test_a_backlog_is_shipped_in_few_large_batches(spool: Spool, store: FolderStore) -> None:
    store.result = SendResult(SendOutcome.RETRY, "the server is down")
    async with running(spool, store):
        for number in range(100):
            record(spool, number)
            await asyncio.sleep(0.005)
        store.result = None
        await eventually(lambda: len(store.calls()) == 100)
    assert len(set(store.deliveries)) <= 4


async def test_a_rejected_batch_is_quarantined_with_its_reason_and_blocks_nothing(
    tmp_path: Path, spool: Spool, store: FolderStore
) -> None:
    store.result = SendResult(SendOutcome.REJECTED, "the server answered 400: no")
    async with running(spool, store):
        record(spool, 1)
        await eventually(lambda: spool.stats().rejected_batches == 1)
        store.result = None
        trace = record(spool, 2)
        await eventually(lambda: trace in store.calls())
        await eventually(lambda: spool.stats().rejected_on_disk == 1)
    [kept] = (tmp_path / "spool" / "rejected").glob("*.batch")
    assert b"w-1" in kept.read_bytes()
    assert "the server answered 400: no" in kept.with_suffix(".json").read_text()


async def test_drain_ships_the_rest_and_returns_whether_it_finished(
    spool: Spool, store: FolderStore
) -> None:
    trace = record(spool, 1)
    store.result = SendResult(SendOutcome.RETRY, "the server is down")
    assert not await spool.drain(store, timeout_s=0.3)
    store.result = None
    assert await spool.drain(store, timeout_s=5)
    assert store.calls() == {trace: 1}


async def test_after_a_clean_stop_nothing_is_left_on_disk(
    tmp_path: Path, store: FolderStore
) -> None:
    spool = open_spool(tmp_path / "spool")
    record(spool, 1)
    assert await spool.drain(store, timeout_s=5)
    spool.close()
    assert list((tmp_path / "spool").iterdir()) == []


async def test_the_rest_of_a_closed_spool_is_shipped_by_the_next_process(
    tmp_path: Path, store: FolderStore
) -> None:
    first = open_spool(tmp_path / "spool")
    trace = record(first, 1)
    first.close()
    second = open_spool(tmp_path / "spool")
    async with running(second, store):
        await eventually(lambda: store.calls() == {trace: 1})
        await eventually(lambda: second.stats().adopted_writers == 1)
    second.close()


async def test_a_live_writer_is_never_adopted(tmp_path: Path, store: FolderStore) -> None:
    live = open_spool(tmp_path / "spool")
    record(live, 1)
    other = open_spool(tmp_path / "spool")
    async with running(other, store):
        await asyncio.sleep(0.5)
        assert other.stats().adopted_writers == 0
    assert not store.calls()
    live.close()
    other.close()


async def test_a_corrupt_record_hides_no_other_and_its_bytes_are_kept(
    tmp_path: Path, store: FolderStore
) -> None:
    writer = new_writer()
    first = open_spool(tmp_path / "spool", writer)
    traces = [record(first, number) for number in range(10)]
    first.close()
    [segment] = (tmp_path / "spool").glob("*.spool")
    content = bytearray(segment.read_bytes())
    content[content.index(b"w-5", content.index(b"xxx", content.index(b"w-4")))] ^= 1
    segment.write_bytes(content)
    second = open_spool(tmp_path / "spool")
    async with running(second, store):
        await eventually(lambda: second.stats().adopted_writers == 1)
        await eventually(lambda: second.stats().corrupt_on_disk == 1)
        assert second.stats().corrupt_stretches == 1
        assert second.stats().notices() == [
            "1 damaged ranges of the spool are kept in spool/corrupt."
        ]
    assert set(store.calls(CallStatus.OK)) == set(traces)  # the damaged record was a BEGIN
    assert store.calls(CallStatus.INTERRUPTED) == {}
    assert len(list((tmp_path / "spool" / "corrupt").glob("*.bin"))) == 1
    second.close()


async def test_segments_without_an_owner_file_are_adopted_too(
    tmp_path: Path, store: FolderStore
) -> None:
    first = open_spool(tmp_path / "spool")
    trace = record(first, 1)
    first.close()
    [owner] = (tmp_path / "spool").glob("*.owner")
    owner.unlink()  # as after restoring a backup
    second = open_spool(tmp_path / "spool")
    async with running(second, store):
        await eventually(lambda: store.calls() == {trace: 1})
    second.close()


async def test_a_requeued_batch_is_shipped_under_its_name(
    tmp_path: Path, spool: Spool, store: FolderStore
) -> None:
    store.result = SendResult(SendOutcome.REJECTED, "the server answered 413: too large")
    async with running(spool, store):
        trace = record(spool, 1)
        await eventually(lambda: list_quarantined(tmp_path / "spool"))
        [found] = list_quarantined(tmp_path / "spool")
        assert (found.state, found.detail) == ("rejected", "the server answered 413: too large")
        assert found.name == store.deliveries[0]
        requeue(tmp_path / "spool", found.name)
        await eventually(lambda: store.deliveries.count(found.name) > 1)  # rejected once more
        await eventually(
            lambda: [one.state for one in list_quarantined(tmp_path / "spool")] == ["rejected"]
        )
        store.result = None
        requeue(tmp_path / "spool", found.name)
        await eventually(lambda: trace in store.calls())
        await eventually(lambda: not list_quarantined(tmp_path / "spool"))
    assert set(store.deliveries) == {found.name}
