import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.ids import new_id, span_id, trace_id, uuid7

MOMENTS = st.integers(min_value=0, max_value=1_000_000 * ((1 << 48) - 2000))  # Unix nanoseconds
ENTROPY = st.binary(min_size=16, max_size=16)


@given(MOMENTS, ENTROPY)
def test_a_uuid7_contains_its_time_version_and_variant(unix_ns: int, entropy: bytes) -> None:
    value = uuid7(unix_ns, entropy)
    assert value.int >> 80 == unix_ns // 1_000_000
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"


@given(MOMENTS, st.integers(min_value=250, max_value=10**9), ENTROPY, ENTROPY)
def test_ids_of_one_prefix_sort_by_time_also_within_a_millisecond(
    unix_ns: int, later_ns: int, left: bytes, right: bytes
) -> None:
    assert new_id("key", unix_ns, left) < new_id("key", unix_ns + later_ns, right)


def test_an_id_is_its_prefix_and_32_hex_digits() -> None:
    made = new_id("prj", 1_700_000_000_000_000_000, bytes(range(10)))
    assert made == "prj_018bcfe5680070008203040506070809"


@pytest.mark.parametrize(("make", "length"), [(trace_id, 32), (span_id, 16)])
def test_trace_and_span_ids_are_hex_and_never_zero(make, length: int) -> None:
    assert len(make(bytes(16))) == length
    assert set(make(bytes(16))) == {"0", "1"}
    assert make(b"\xab" * 16) == "ab" * (length // 2)
