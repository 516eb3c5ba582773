import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.ids import new_id, span_id, trace_id, uuid7

MOMENTS = st.integers(min_value=0, max_value=(1 << 48) - 1)
ENTROPY = st.binary(min_size=16, max_size=16)


@given(MOMENTS, ENTROPY)
def test_a_uuid7_contains_its_time_version_and_variant(unix_ms: int, entropy: bytes) -> None:
    value = uuid7(unix_ms, entropy)
    assert value.int >> 80 == unix_ms
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"


@given(MOMENTS, MOMENTS, ENTROPY, ENTROPY)
def test_ids_of_one_prefix_sort_by_time(a: int, b: int, left: bytes, right: bytes) -> None:
    if a < b:
        assert new_id("key", a, left) < new_id("key", b, right)


def test_an_id_is_its_prefix_and_32_hex_digits() -> None:
    made = new_id("prj", 1_700_000_000_000, bytes(range(10)))
    assert made == "prj_018bcfe5680070008203040506070809"


@pytest.mark.parametrize(("make", "length"), [(trace_id, 32), (span_id, 16)])
def test_trace_and_span_ids_are_hex_and_never_zero(make, length: int) -> None:
    assert len(make(bytes(16))) == length
    assert set(make(bytes(16))) == {"0", "1"}
    assert make(b"\xab" * 16) == "ab" * (length // 2)
