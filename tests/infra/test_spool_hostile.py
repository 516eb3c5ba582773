"""Attacks on the spool: planted frames are never accepted, clock changes delay nothing, and a batch
that the server fails to store blocks no other."""

import asyncio
import zlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.spool_world import (
    FolderStore,
    JumpingClock,
    begin_of,
    end_of,
    eventually,
    new_writer,
    open_spool,
    record,
)
from penstock.infra.spool import SendOutcome, SendResult
from penstock.infra.spool.frame import Kind, marker_at_start
from penstock.infra.spool.frame import encode as frame
from penstock.infra.spool.quarantine import REJECTED, list_quarantined, requeue
from penstock.rules.call import (
    AttemptRecord,
    CallEnd,
    CallStatus,
    Usage,
    decode_end,
    encode,
)

HOUR_S, YEAR_S = 3600.0, 365 * 86_400.0


async def adopt(directory: Path, store: FolderStore) -> None:
    """Adopts a dead writer and ships its batches."""
    adopter = open_spool(directory)
    task = asyncio.create_task(adopter.run(store))
    await eventually(lambda: adopter.stats().adopted_writers == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    adopter.close()


def forged() -> bytes:
    """Encodes records as an attacker with the source code would plant them."""
    end = encode(end_of(begin_of(666, "forged")))
    head = bytes((1, 2))
    crc = zlib.crc32(end, zlib.crc32(head))
    old = len(end).to_bytes(4, "little") + crc.to_bytes(4, "little") + head + end
    return (old + frame(Kind.END, end)) * 3


@pytest.mark.parametrize("owner_is_left", [True, False])
async def test_a_frame_planted_in_a_body_is_never_accepted(
    tmp_path: Path, owner_is_left: bool
) -> None:
    directory, store = tmp_path / "spool", FolderStore(tmp_path / "store")
    spool = open_spool(directory)
    kept = [record(spool, 1)]
    begin = begin_of(2)
    spool.begin(begin.trace_id, encode(begin))
    body = forged()
    assert spool.end(begin.trace_id, encode(msgspec.structs.replace(end_of(begin), request=body)))
    kept.append(record(spool, 3))
    spool.close()
    [segment] = directory.glob("*.spool")
    content = bytearray(segment.read_bytes())
    content[content.index(body) - 1] ^= 1  # the record around it is damaged
    segment.write_bytes(content)
    if not owner_is_left:
        for owner in directory.glob("*.owner"):
            owner.unlink()
    await adopt(directory, store)
    assert store.calls(CallStatus.OK) == dict.fromkeys(kept, 1)
    assert store.calls(CallStatus.INTERRUPTED) == {begin.trace_id: 1}


async def test_a_segment_with_a_damaged_start_loses_its_first_record_only(
    tmp_path: Path,
) -> None:
    directory, store = tmp_path / "spool", FolderStore(tmp_path / "store")
    spool = open_spool(directory)
    traces = [record(spool, number) for number in range(5)]
    spool.close()
    [segment] = directory.glob("*.spool")
    segment.write_bytes(bytes(30) + segment.read_bytes()[30:])
    await adopt(directory, store)
    assert store.calls(CallStatus.OK) == dict.fromkeys(traces, 1)


async def test_segments_of_the_previous_version_are_adopted(tmp_path: Path) -> None:
    directory, store = tmp_path / "spool", FolderStore(tmp_path / "store")
    directory.mkdir()
    ends = [end_of(begin_of(number)) for number in range(5)]
    records = [(kind, encode(one)) for end in ends for kind, one in ((1, end.begin), (2, end))]
    data = b"".join(
        len(payload).to_bytes(4, "little")
        + zlib.crc32(payload, zlib.crc32(bytes((1, kind)))).to_bytes(4, "little")
        + bytes((1, kind))
        + payload
        for kind, payload in records[:-1]
    )
    writer = new_writer()
    (directory / f"{writer}-000001.spool").write_bytes(data)
    (directory / f"{writer}.owner").touch()
    await adopt(directory, store)
    assert store.calls(CallStatus.OK) == {end.begin.trace_id: 1 for end in ends[:-1]}
    assert store.calls(CallStatus.INTERRUPTED) == {ends[-1].begin.trace_id: 1}


async def test_foreign_files_in_the_spool_are_ignored(tmp_path: Path) -> None:
    directory, store = tmp_path / "spool", FolderStore(tmp_path / "store")
    spool = open_spool(directory)
    trace = record(spool, 1)
    spool.close()
    for name in ("a.spool", "a-b.spool", "-1.spool", "a-²2.spool", ".spool"):
        (directory / name).write_bytes(forged())
    adopter = open_spool(directory)
    task = asyncio.create_task(adopter.run(store))
    await eventually(lambda: trace in store.calls())
    own = record(adopter, 9)
    await eventually(lambda: own in store.calls())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    adopter.close()


@pytest.mark.parametrize(
    "jump_s",
    [-HOUR_S, HOUR_S, -30 * YEAR_S, 200 * YEAR_S],
    ids=["back", "on", "years back", "on 200 years"],
)
async def test_records_are_shipped_at_once_when_the_wall_clock_jumps(
    tmp_path: Path, jump_s: float
) -> None:
    clock, store = JumpingClock(), FolderStore(tmp_path / "store")
    spool = open_spool(tmp_path / "spool", clock=clock, segment_s=0.3)
    task = asyncio.create_task(spool.run(store))
    first = record(spool, 1)
    clock.jump_s = jump_s
    second = record(spool, 2)
    await eventually(lambda: {first, second} <= set(store.calls()), within_s=30)
    segments = list((tmp_path / "spool").glob("*.spool"))
    assert segments
    third = record(spool, 3)
    assert 0 <= spool.stats().oldest_unshipped_s < 60
    await eventually(lambda: third in store.calls(), within_s=30)
    await eventually(lambda: not any(path.exists() for path in segments), within_s=30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    spool.close()


ANY_TEXT = st.text() | st.just("\ud800") | st.just("x" * 70_000)
ANY_NUMBER = st.integers() | st.sampled_from([2**63, 2**64, -(2**63) - 1, 10**400])


@given(ANY_NUMBER, ANY_NUMBER, ANY_TEXT, st.lists(ANY_TEXT, max_size=3))
def test_a_record_with_any_numbers_and_texts_can_be_written_and_read(
    number: int, other: int, text: str, reasons: list[str]
) -> None:
    begin = msgspec.structs.replace(begin_of(1), request_model=text, request_size=number)
    attempt = AttemptRecord(text, text, text, text, number, other, number, CallStatus.OK)
    end = CallEnd(
        begin,
        end_ns=number,
        status=CallStatus.ERROR,
        http_status=other,
        error_message=text,
        finish_reasons=tuple(reasons),
        usage=Usage(number, other, number),
        attempts=(attempt,),
    )
    read = decode_end(encode(end))
    assert read.begin.trace_id == end.begin.trace_id
    assert read.status is CallStatus.ERROR
    assert read.usage.input_tokens in {number, min(max(number, -(2**63)), 2**63 - 1)}


def test_a_record_that_is_too_large_is_cut_to_fit_a_frame() -> None:
    huge = "f" * (8 * 1024 * 1024)
    end = msgspec.structs.replace(
        end_of(begin_of(1)), finish_reasons=(huge,) * 10, request=bytes(20 * 1024 * 1024)
    )
    data = encode(end)
    assert len(data) < 20 * 1024 * 1024
    assert decode_end(data).begin == end.begin


class FailingStore(FolderStore):
    """A server that fails over every batch that contains `poison`."""

    poison = b"poison"

    async def __call__(self, name: str, data: bytes) -> SendResult:
        if self.poison and self.poison in data:
            self.deliveries.append(name)
            return SendResult(SendOutcome.FAILED, "the server answered 500: why")
        return await super().__call__(name, data)


async def test_a_batch_that_the_server_always_fails_to_store_blocks_no_other(
    tmp_path: Path,
) -> None:
    directory, store = tmp_path / "spool", FailingStore(tmp_path / "store")
    dead = open_spool(directory)
    left = [record(dead, 1, writer="poison"), record(dead, 2)]
    dead.close()
    spool = open_spool(directory, reject_after=3, defer_after=2)
    task = asyncio.create_task(spool.run(store))
    poisoned = record(spool, 3, writer="poison")
    await eventually(lambda: len(set(store.deliveries)) == 2)
    good = record(spool, 4)
    await eventually(lambda: good in store.calls())
    await eventually(lambda: spool.stats().adopted_writers == 1)
    await eventually(lambda: len(list_quarantined(directory)) == 2)
    while [one.state for one in list_quarantined(directory)] != [REJECTED] * 2:
        more = record(spool, len(store.deliveries) + 10)  # others are stored meanwhile
        await eventually(lambda wanted=more: wanted in store.calls())
    assert {one.detail for one in list_quarantined(directory)} == {"the server answered 500: why"}
    store.poison = b""
    for one in list_quarantined(directory):
        requeue(directory, one.name)
    await eventually(lambda: {*left, poisoned, good} <= set(store.calls()))
    assert set(store.calls().values()) == {1}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    spool.close()


class FullStore(FolderStore):
    """A server without space for batches that contain `newer`, unless `full` is false."""

    full = True

    async def __call__(self, name: str, data: bytes) -> SendResult:
        if self.full and b"newer" in data:
            self.deliveries.append(name)
            return SendResult(SendOutcome.DEFERRED, "the server answered 507: full")
        return await super().__call__(name, data)


async def test_a_batch_that_the_server_has_no_space_for_blocks_no_other_and_is_kept(
    tmp_path: Path,
) -> None:
    directory, store = tmp_path / "spool", FullStore(tmp_path / "store")
    spool = open_spool(directory, reject_after=1)
    task = asyncio.create_task(spool.run(store))
    deferred = record(spool, 1, writer="newer")
    await eventually(lambda: spool.stats().again_on_disk == 1)
    good = record(spool, 2)
    await eventually(lambda: good in store.calls())
    await eventually(lambda: len(store.deliveries) > 5)
    assert [one.state for one in list_quarantined(directory)] == ["again"]
    store.full = False
    await eventually(lambda: store.calls() == {deferred: 1, good: 1})
    await eventually(lambda: not list_quarantined(directory))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    spool.close()


async def test_a_dead_writer_of_a_newer_version_is_recovered(tmp_path: Path) -> None:
    """All its frames are shipped; calls that ended in a newer schema are not interrupted."""
    directory, store = tmp_path / "spool", FolderStore(tmp_path / "store")
    spool = open_spool(directory)
    ended, begin = begin_of(1), begin_of(2)
    spool.begin(ended.trace_id, encode(ended))
    spool.begin(begin.trace_id, encode(begin))
    spool.close()
    [segment] = directory.glob("*.spool")
    marker = marker_at_start(segment.read_bytes())
    assert marker
    added = [as_newer(frame(Kind.END, encode(end_of(ended)), marker), Kind.END, 200)]
    added.append(as_newer(frame(Kind.END, b"a new kind", marker), 77, 2))
    with segment.open("ab") as file:
        file.write(b"".join(added))
    await adopt(directory, store)
    assert store.calls(CallStatus.INTERRUPTED) == {begin.trace_id: 1}
    shipped = b"".join(path.read_bytes() for path in store.folder.glob("[!.]*"))
    assert all(one in shipped for one in added)
    assert not list_quarantined(directory)


def as_newer(data: bytes, kind: int, schema: int) -> bytes:
    """Returns a frame with another kind and schema."""
    changed = bytearray(data)
    changed[8:10] = bytes((schema, kind))
    changed[4:8] = zlib.crc32(changed[8:]).to_bytes(4, "little")
    return bytes(changed)


async def test_no_batch_is_rejected_while_the_server_fails_to_store_any(tmp_path: Path) -> None:
    directory, store = tmp_path / "spool", FailingStore(tmp_path / "store")
    store.poison = b"x"
    spool = open_spool(directory, reject_after=2, defer_after=1)
    task = asyncio.create_task(spool.run(store))
    traces = [record(spool, 1)]
    await eventually(lambda: len(store.deliveries) > 6)
    traces.append(record(spool, 2))
    await eventually(lambda: len(set(store.deliveries)) == 2)
    await eventually(lambda: spool.stats().again_on_disk == 2)
    assert not spool.stats().rejected_batches
    store.poison = b""
    await eventually(lambda: set(store.calls()) == set(traces))
    await eventually(lambda: not list_quarantined(directory))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    spool.close()


async def test_the_quarantine_is_bounded_and_the_oldest_file_is_deleted_first(
    tmp_path: Path,
) -> None:
    directory, store = tmp_path / "spool", FolderStore(tmp_path / "store")
    store.result = SendResult(SendOutcome.REJECTED, "no")
    spool = open_spool(directory, quota_bytes=160_000, measure_s=0.1)
    task = asyncio.create_task(spool.run(store))
    for number in range(60):
        record(spool, number, size=5000)
        await eventually(lambda wanted=number: spool.stats().rejected_batches > wanted)
    await eventually(lambda: spool.stats().rejected_on_disk <= 4)
    assert spool.stats().dropped_files >= 50
    newest = max(list_quarantined(directory), key=lambda one: one.at)
    assert newest.name == store.deliveries[-1]
    assert not spool.stats().full_because
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    spool.close()
