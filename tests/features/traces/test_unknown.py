"""Records of a newer version: kept verbatim, acknowledged, and stored once after the upgrade."""

import zlib
from pathlib import Path

import msgspec
import pytest

from features.traces import calls
from penstock.features.traces import ingest
from penstock.features.traces.ingest import insert_name, is_known
from penstock.features.traces.service import Traces
from penstock.features.traces.unknown import UnknownRecordsFull
from penstock.infra.columns import ColumnStore
from penstock.infra.spool.frame import HEADER_SIZE, Kind
from penstock.infra.spool.frame import encode as frame
from penstock.infra.spool.quarantine import UNKNOWN, list_quarantined
from penstock.infra.spool.unknown import UnknownFrames
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import SystemClock
from penstock.rules.call import SCHEMA, CallEnd, Usage, UsageSource, encode

NEW_KIND = 4


def newer(payload: bytes, *, kind: int = Kind.END, schema: int = SCHEMA) -> bytes:
    """A frame as a newer version writes it."""
    data = bytearray(frame(Kind.END, payload))
    data[8:10] = bytes((schema, kind))
    data[4:8] = zlib.crc32(data[8:]).to_bytes(4, "little")
    return bytes(data)


def records(*ends: CallEnd, kind: int = Kind.END, schema: int = SCHEMA) -> bytes:
    return b"".join(newer(encode(end), kind=kind, schema=schema) for end in ends)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def traces_at(columns: ColumnStore, spool: Path, **limits: int) -> Traces:
    quarantine, unknown = calls.new_quarantine(spool), calls.unknown_records(spool, **limits)
    return Traces(lambda: columns, SystemClock(), lambda *_: [], quarantine, unknown)


def upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this process can read the next schema."""
    monkeypatch.setattr(ingest, "SCHEMA", SCHEMA + 1)


def test_records_of_a_newer_version_are_kept_verbatim_and_the_others_stored(
    columns: ColumnStore, spool: Path, project: str
) -> None:
    traces, batch = traces_at(columns, spool), calls.new_batch()
    known = [calls.call(project) for _ in range(3)]
    new_schema = records(calls.call(project), calls.call(project), schema=SCHEMA + 1)
    new_kind = records(calls.call(project), kind=NEW_KIND)
    data = records(known[0]) + new_schema + new_kind + records(*known[1:]) + frame(Kind.CUT)
    for _ in range(2):  # the second time changes nothing
        done = traces.ingest(batch, data)
        assert (done.stored, done.quarantined, done.skipped, done.kept) == (3, 0, 0, 3)
    assert calls.counts(columns, project) == (3, 3)
    files = {one.name: one for one in list_quarantined(spool)}
    assert set(files) == {f"{batch}@2.{SCHEMA + 1}", f"{batch}@{NEW_KIND}.{SCHEMA}"}
    assert {one.state for one in files.values()} == {UNKNOWN}
    assert "once the server can read it" in files[f"{batch}@{NEW_KIND}.{SCHEMA}"].detail
    assert UnknownFrames(batch, Kind.END, SCHEMA + 1).path(spool).read_bytes() == new_schema
    assert UnknownFrames(batch, NEW_KIND, SCHEMA).path(spool).read_bytes() == new_kind


def test_kept_records_are_stored_once_after_the_upgrade(
    columns: ColumnStore, spool: Path, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces, batch = traces_at(columns, spool), calls.new_batch()
    data = records(calls.call(project)) + records(calls.call(project), schema=SCHEMA + 1)
    data += records(calls.call(project), kind=NEW_KIND)
    traces.ingest(batch, data)
    traces.store_kept()  # still the same version
    assert calls.counts(columns, project) == (1, 1)
    upgrade(monkeypatch)
    done = traces.ingest(batch, data)  # the answer to the first request was lost
    assert (done.stored, done.kept) == (2, 1)
    traces.store_kept()
    traces.store_kept()
    assert calls.counts(columns, project) == (2, 2)
    assert [one.name for one in list_quarantined(spool)] == [f"{batch}@{NEW_KIND}.{SCHEMA}"]


def test_a_batch_that_comes_again_after_its_kept_records_were_stored_adds_nothing(
    columns: ColumnStore, spool: Path, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces, batch = traces_at(columns, spool), calls.new_batch()
    data = records(calls.call(project)) + records(calls.call(project), schema=SCHEMA + 1)
    traces.ingest(batch, data)
    upgrade(monkeypatch)
    traces.store_kept()
    traces.ingest(batch, data)
    assert calls.counts(columns, project) == (2, 2)
    assert not list_quarantined(spool)


def test_records_are_kept_before_others_are_stored(
    columns: ColumnStore, spool: Path, project: str
) -> None:
    """So that a server that ends between the two loses nothing when it is upgraded meanwhile."""
    traces = traces_at(columns, spool)
    data = records(calls.call(project)) + records(calls.call(project), kind=NEW_KIND)
    columns.command("RENAME TABLE calls TO away")
    try:
        with pytest.raises(PenstockError):
            traces.ingest(calls.new_batch(), data)
    finally:
        columns.command("RENAME TABLE away TO calls")
    assert [one.state for one in list_quarantined(spool)] == [UNKNOWN]


@pytest.mark.parametrize("limits", [{"files": 2}, {"bytes": 1_500}])
def test_at_the_limit_the_gateway_must_keep_the_batch(
    columns: ColumnStore, spool: Path, project: str, limits: dict[str, int]
) -> None:
    traces = traces_at(columns, spool, **limits)
    first, second = ((calls.new_batch(), calls.call(project)) for _ in range(2))
    for name, end in (first, second):
        assert traces.ingest(name, records(end, kind=NEW_KIND)).kept == 1
    data = records(calls.call(project)) + records(calls.call(project), kind=NEW_KIND)
    with pytest.raises(UnknownRecordsFull, match="space is used up") as caught:
        traces.ingest(calls.new_batch(), data)
    assert caught.value.status == 507
    assert caught.value.retry_after_s
    assert len(list_quarantined(spool)) == 2, "nothing is deleted"
    assert calls.counts(columns, project) == (0, 0), "nothing of the batch is stored"
    assert traces.ingest(first[0], records(first[1], kind=NEW_KIND)).kept == 1, "a repetition"
    assert traces.ingest(calls.new_batch(), records(calls.call(project))).stored == 1


def test_a_full_disk_is_reported_like_the_limit(
    columns: ColumnStore, spool: Path, project: str
) -> None:
    spool.mkdir()
    (spool / UNKNOWN).write_text("not a folder")
    with pytest.raises(UnknownRecordsFull, match="cannot be written"):
        traces_at(columns, spool).ingest(
            calls.new_batch(), records(calls.call(project), kind=NEW_KIND)
        )


def test_kept_records_that_cannot_be_stored_block_no_others(
    columns: ColumnStore, spool: Path, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces = traces_at(columns, spool)
    batches = [calls.new_batch() for _ in range(3)]
    for batch in batches:
        traces.ingest(batch, records(calls.call(project), schema=SCHEMA + 1))
    bad = UnknownFrames(batches[1], Kind.END, SCHEMA + 1).path(spool)
    bad.write_bytes(newer(b"no record", schema=SCHEMA + 1))
    upgrade(monkeypatch)
    traces.store_kept()
    assert calls.counts(columns, project) == (2, 2)
    [file] = list_quarantined(spool)
    assert (file.state, file.name) == ("quarantined", f"{batches[1]}@2.{SCHEMA + 1}@0")


def test_begins_and_cuts_of_a_newer_schema_are_kept_too(
    columns: ColumnStore, spool: Path, project: str
) -> None:
    end = calls.call(project)
    data = newer(encode(end.begin), kind=Kind.BEGIN, schema=SCHEMA + 1)
    data += newer(b"", kind=Kind.CUT, schema=SCHEMA + 1)
    assert traces_at(columns, spool).ingest(calls.new_batch(), data).kept == 2
    assert len(data) == 2 * HEADER_SIZE + len(encode(end.begin))


def test_the_names_of_inserts_are_the_same_in_all_versions() -> None:
    batch, interrupted = f"{'a' * 32}-000001:0-9", f"{'a' * 32}:interrupted"
    assert insert_name(batch, Kind.END, 1) == insert_name(batch, Kind.END, 2) == batch
    assert insert_name(batch, Kind.END, 3) == f"{batch}/2.3"
    assert insert_name(batch, NEW_KIND, 2) == f"{batch}/4.2"
    # Workers of two versions may both recover the same writer.
    assert insert_name(interrupted, Kind.END, 3) == interrupted


def test_records_of_schema_2_are_stored(traces: Traces, project: str) -> None:
    """As its gateways wrote them: without the fields that came later."""
    end = calls.call(project, usage=Usage(9, 2, source=UsageSource.PROVIDER, web_searches=1))
    values = msgspec.msgpack.decode(encode(end))
    values[10] = values[10][:8]
    values[18] = [attempt[:16] for attempt in values[18]]
    data = newer(msgspec.msgpack.encode(values[:19]), schema=2)
    traces.ingest(calls.new_batch(), data)
    call, attempt = traces.get_trace(project, end.begin.trace_id).spans
    assert (call.input_tokens, call.web_searches, call.fingerprint) == (9, 0, "")
    assert (attempt.provider, list(attempt.changes)) == ("openai", [])


def test_a_known_kind_and_schema() -> None:
    assert is_known(Kind.END, SCHEMA)
    assert is_known(Kind.BEGIN, 1)
    assert not is_known(Kind.END, SCHEMA + 1)
    assert not is_known(NEW_KIND, SCHEMA)


def test_a_copy_for_a_backup_contains_what_is_kept(
    columns: ColumnStore, spool: Path, project: str, tmp_path: Path
) -> None:
    batch, data = calls.new_batch(), records(calls.call(project), kind=NEW_KIND)
    traces_at(columns, spool).ingest(batch, data)
    calls.unknown_records(spool).copy_to(tmp_path / "copy")
    assert UnknownFrames(batch, NEW_KIND, SCHEMA).path(tmp_path / "copy").read_bytes() == data
    assert [one.name for one in list_quarantined(tmp_path / "copy")] == [f"{batch}@4.{SCHEMA}"]
