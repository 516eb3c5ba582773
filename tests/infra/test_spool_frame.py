"""Frames: after truncation, bit flips or planted frames, exactly the whole records are found."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.spool.frame import (
    HEADER_SIZE,
    MARKER_SIZE,
    Damage,
    Frame,
    FrameEncoder,
    Kind,
    encode,
    marker_at_start,
    scan,
)

KINDS = st.sampled_from([Kind.BEGIN, Kind.END, Kind.CUT])
MARKERS = st.binary(min_size=MARKER_SIZE, max_size=MARKER_SIZE)
MARKER = b"\x8fsecret\xe1"
ENCODER = FrameEncoder(MARKER)


def old_frame(kind: Kind, payload: bytes) -> bytes:
    """Encodes a frame of schema 1, as older versions did."""
    head = bytes((1, kind))
    crc = zlib.crc32(payload, zlib.crc32(head))
    return len(payload).to_bytes(4, "little") + crc.to_bytes(4, "little") + head + payload


# Whole frames in a payload with any other marker, as a caller can get them recorded.
PLANTED = st.one_of(
    st.builds(encode, KINDS, st.binary(max_size=60)),
    st.builds(encode, KINDS, st.binary(max_size=60), MARKERS.filter(lambda one: one != MARKER)),
    st.builds(old_frame, KINDS, st.binary(max_size=60)),
)
PAYLOADS = st.one_of(
    st.binary(max_size=200), st.lists(PLANTED | st.binary(max_size=9), max_size=5).map(b"".join)
)
RECORDS = st.lists(st.tuples(KINDS, PAYLOADS), min_size=1, max_size=12)


def _frames(records: list[tuple[Kind, bytes]]) -> list[bytes]:
    return [ENCODER.encode(kind, payload) for kind, payload in records]


def _whole(data: bytes, marker: bytes | None = MARKER) -> list[tuple[Kind, bytes]]:
    return [(found.kind, found.payload) for found in scan(data, marker) if isinstance(found, Frame)]


def _damages(data: bytes) -> list[Damage]:
    return [found for found in scan(data, MARKER) if isinstance(found, Damage)]


@given(RECORDS)
def test_encoded_records_are_scanned(records: list[tuple[Kind, bytes]]) -> None:
    data = b"".join(_frames(records))
    assert _whole(data) == _whole(data, None) == records
    assert marker_at_start(data) == MARKER
    assert not _damages(data)


@given(RECORDS)
def test_truncation_keeps_all_whole_records(records: list[tuple[Kind, bytes]]) -> None:
    frames = _frames(records)
    data = b"".join(frames)
    ends = [sum(map(len, frames[: i + 1])) for i in range(len(frames))]
    for size in range(len(data) + 1):
        whole = sum(end <= size for end in ends)
        assert _whole(data[:size]) == records[:whole]
        boundary = ends[whole - 1] if whole else 0
        torn = [Damage(boundary, size, torn=True)] if size > boundary else []
        assert _damages(data[:size]) == torn


@given(RECORDS, st.data())
def test_a_flipped_bit_loses_one_record_and_is_reported(
    records: list[tuple[Kind, bytes]], data: st.DataObject
) -> None:
    frames = _frames(records)
    victim = data.draw(st.integers(0, len(frames) - 1))
    bit = data.draw(st.integers(0, len(frames[victim]) * 8 - 1))
    corrupted = bytearray(frames[victim])
    corrupted[bit // 8] ^= 1 << bit % 8
    before, after = b"".join(frames[:victim]), b"".join(frames[victim + 1 :])
    damaged = before + bytes(corrupted) + after
    assert _whole(damaged) == records[:victim] + records[victim + 1 :]
    [damage] = _damages(damaged)
    assert (damage.start, damage.end) == (len(before), len(before) + len(corrupted))


@given(RECORDS, st.data())
def test_no_planted_record_is_accepted_after_damage(
    records: list[tuple[Kind, bytes]], data: st.DataObject
) -> None:
    """Several ranges are overwritten; the rest of a payload is never accepted as a record."""
    frames = _frames(records)
    written = b"".join(frames)
    corrupted = bytearray(written)
    keep = [True] * len(frames)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(written) - 1))
        end = data.draw(st.integers(start + 1, min(len(written), start + 60)))
        corrupted[start:end] = data.draw(st.binary(min_size=end - start, max_size=end - start))
    place = 0
    for index, frame in enumerate(frames):
        keep[index] = corrupted[place : place + len(frame)] == frame
        place += len(frame)
    left = [record for record, whole in zip(records, keep, strict=True) if whole]
    assert _whole(bytes(corrupted)) == left
    cut = data.draw(st.integers(0, len(written)))  # the beginning is lost too
    assert _whole(written[cut:]) == _suffix(records, frames, cut)


def _suffix(
    records: list[tuple[Kind, bytes]], frames: list[bytes], cut: int
) -> list[tuple[Kind, bytes]]:
    starts = [sum(map(len, frames[:index])) for index in range(len(frames))]
    return [record for record, start in zip(records, starts, strict=True) if start >= cut]


@given(st.binary(max_size=500), RECORDS)
def test_random_bytes_before_records_hide_none_of_them(
    rubbish: bytes, records: list[tuple[Kind, bytes]]
) -> None:
    assert _whole(rubbish + b"".join(_frames(records)))[-len(records) :] == records


@given(st.binary(max_size=2000), st.sampled_from([None, b"", MARKER]))
def test_the_results_of_a_scan_cover_all_bytes_without_overlap(
    data: bytes, marker: bytes | None
) -> None:
    position = 0
    for found in scan(data, marker):
        assert found.start == position
        position = found.end
    assert position == len(data)


@given(st.lists(st.tuples(KINDS, st.binary(max_size=99)), min_size=1), st.data())
def test_segments_of_schema_1_are_still_read(
    records: list[tuple[Kind, bytes]], data: st.DataObject
) -> None:
    frames = [old_frame(kind, payload) for kind, payload in records]
    written = b"".join(frames)
    assert marker_at_start(written) == b""
    assert _whole(written, None) == _whole(written, b"") == records
    victim = data.draw(st.integers(0, len(frames) - 1))
    corrupted = bytearray(frames[victim])
    corrupted[-1] ^= 1
    damaged = b"".join([*frames[:victim], bytes(corrupted), *frames[victim + 1 :]])
    assert _whole(damaged, b"") == records[:victim] + records[victim + 1 :]


@given(RECORDS, st.integers(2, 255), st.integers(0, 255), st.data())
def test_records_of_unknown_kinds_and_newer_schemas_are_whole(
    records: list[tuple[Kind, bytes]], schema: int, kind: int, data: st.DataObject
) -> None:
    frames = _frames(records)
    index = data.draw(st.integers(0, len(frames) - 1))
    changed = bytearray(frames[index])
    changed[8:10] = bytes((schema, kind))
    changed[4:8] = zlib.crc32(changed[8:]).to_bytes(4, "little")
    frames[index] = bytes(changed)
    content = b"".join(frames)
    for marker in (MARKER, None):
        found = [one for one in scan(content, marker) if isinstance(one, Frame)]
        assert len(found) == len(records)
        assert (found[index].schema, found[index].kind) == (schema, kind)
        assert [one.payload for one in found] == [payload for _, payload in records]
    place = sum(map(len, frames[:index]))
    corrupted = bytearray(content)
    corrupted[place + len(changed) - 1] ^= 1
    assert len(_damages(bytes(corrupted))) == 1
    assert len(_whole(bytes(corrupted))) == len(records) - 1


def test_zeros_after_the_last_record_are_a_torn_tail() -> None:
    data = ENCODER.encode(Kind.END, b"x") + bytes(4096)
    assert _damages(data) == [Damage(HEADER_SIZE + 1, len(data), torn=True)]


def test_a_corrupt_last_record_is_not_a_torn_tail() -> None:
    frame = bytearray(ENCODER.encode(Kind.END, b"payload"))
    frame[-1] ^= 1
    assert _damages(bytes(frame)) == [Damage(0, len(frame), torn=False)]
