"""Frames: whatever is cut off or flipped, the records that are whole are found again."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.spool.frame import HEADER_SIZE, Damage, Frame, Kind, encode, scan

RECORDS = st.lists(
    st.tuples(st.sampled_from([Kind.BEGIN, Kind.END, Kind.CUT]), st.binary(max_size=200)),
    min_size=1,
    max_size=12,
)


def _whole(data: bytes) -> list[tuple[Kind, bytes]]:
    return [(found.kind, found.payload) for found in scan(data) if isinstance(found, Frame)]


def _damages(data: bytes) -> list[Damage]:
    return [found for found in scan(data) if isinstance(found, Damage)]


@given(RECORDS)
def test_what_was_encoded_is_scanned(records: list[tuple[Kind, bytes]]) -> None:
    data = b"".join(encode(kind, payload) for kind, payload in records)
    assert _whole(data) == records
    assert not _damages(data)


@given(RECORDS)
def test_truncated_anywhere_the_whole_records_remain(records: list[tuple[Kind, bytes]]) -> None:
    frames = [encode(kind, payload) for kind, payload in records]
    data = b"".join(frames)
    ends = [sum(map(len, frames[: i + 1])) for i in range(len(frames))]
    for size in range(len(data) + 1):
        whole = sum(end <= size for end in ends)
        assert _whole(data[:size]) == records[:whole]
        boundary = ends[whole - 1] if whole else 0
        torn = [Damage(boundary, size, torn=True)] if size > boundary else []
        assert _damages(data[:size]) == torn


@given(RECORDS, st.data())
def test_a_flipped_bit_costs_one_record_and_is_reported(
    records: list[tuple[Kind, bytes]], data: st.DataObject
) -> None:
    frames = [encode(kind, payload) for kind, payload in records]
    victim = data.draw(st.integers(0, len(frames) - 1))
    bit = data.draw(st.integers(0, len(frames[victim]) * 8 - 1))
    hurt = bytearray(frames[victim])
    hurt[bit // 8] ^= 1 << bit % 8
    before, after = b"".join(frames[:victim]), b"".join(frames[victim + 1 :])
    spoiled = before + bytes(hurt) + after
    assert _whole(spoiled) == records[:victim] + records[victim + 1 :]
    [damage] = _damages(spoiled)
    assert (damage.start, damage.end) == (len(before), len(before) + len(hurt))


@given(st.binary(max_size=500), RECORDS)
def test_any_rubbish_before_records_hides_none_of_them(
    rubbish: bytes, records: list[tuple[Kind, bytes]]
) -> None:
    data = b"".join(encode(kind, payload) for kind, payload in records)
    assert _whole(rubbish + data)[-len(records) :] == records


@given(st.binary(max_size=2000))
def test_the_pieces_cover_everything_without_overlap(data: bytes) -> None:
    position = 0
    for found in scan(data):
        assert found.start == position
        position = found.end
    assert position == len(data)


def test_zeros_behind_the_last_record_are_a_torn_tail() -> None:
    data = encode(Kind.END, b"x") + bytes(4096)
    assert _damages(data) == [Damage(HEADER_SIZE + 1, len(data), torn=True)]


def test_a_corrupt_record_at_the_end_is_not_taken_for_a_torn_one() -> None:
    frame = bytearray(encode(Kind.END, b"payload"))
    frame[-1] ^= 1
    assert _damages(bytes(frame)) == [Damage(0, len(frame), torn=False)]


def test_what_a_caller_sends_as_json_is_never_taken_for_a_record() -> None:
    """A forger would need control characters, which JSON only knows escaped."""
    forged = encode(Kind.END, b"forged")
    assert any(byte < 0x20 for byte in forged)
    torn = encode(Kind.END, b'{"prompt": "' + b"\\u0001\\u0002" * 100 + b'"}')[:-5]
    assert _whole(torn) == []
