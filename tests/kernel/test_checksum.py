"""Both implementations of CRC-32 read what the other one wrote."""

import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.checksum import crc32, fastest_crc32


@given(data=st.binary(max_size=5000), before=st.integers(0, 2**32 - 1))
def test_it_is_the_checksum_of_zlib(data: bytes, before: int) -> None:
    assert crc32(data, before) == zlib.crc32(data, before)
    assert crc32(memoryview(data)[1:]) == zlib.crc32(data[1:])


def test_without_the_wheel_it_is_that_of_zlib(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fastest_crc32() is crc32
    monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    assert fastest_crc32() is zlib.crc32
