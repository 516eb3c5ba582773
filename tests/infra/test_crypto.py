"""Derived keys, sealing, password hashes and secret files."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.crypto import (
    SealBroken,
    Sealer,
    derive_key,
    ensure_secret_file,
    hash_password,
    keyed_digest,
    password_matches,
    write_private,
)
from penstock.kernel.errors import SetupError

KEY = bytes(range(32))


@given(secret=st.binary(min_size=1, max_size=64), purpose=st.text(max_size=40))
def test_derived_keys_are_those_of_rfc_5869(secret: bytes, purpose: str) -> None:
    theirs = HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret)
    assert derive_key(secret, purpose) == theirs


@given(plain=st.binary(max_size=2000), context=st.binary(max_size=50))
def test_sealed_data_opens_with_the_same_key_and_context(plain: bytes, context: bytes) -> None:
    sealer = Sealer(derive_key(KEY, "test"))
    sealed = sealer.seal(plain, context)
    assert sealer.open(sealed, context) == plain
    assert sealer.seal(plain, context) != sealed
    with pytest.raises(SealBroken):
        sealer.open(sealed, context + b"x")
    with pytest.raises(SealBroken):
        Sealer(derive_key(KEY, "other")).open(sealed, context)


@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_a_changed_bit_breaks_the_seal(place: int, bit: int) -> None:
    sealed = bytearray(Sealer(KEY).seal(b"a provider's secret"))
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(SealBroken):
        Sealer(KEY).open(bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12)])
def test_data_that_was_not_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        Sealer(KEY).open(sealed)


def test_keyed_digests_depend_on_the_key_and_the_value() -> None:
    digests = {keyed_digest(k, v) for k in (KEY, KEY[::-1]) for v in ("pk_a", "pk_b")}
    assert len(digests) == 4
    assert all(len(digest) == 64 for digest in digests)


def test_passwords_match_their_hash_only() -> None:
    stored = hash_password("corréct horse", bytes(16))
    assert password_matches("corréct horse", stored)
    assert not password_matches("correct horse", stored)
    assert "horse" not in stored


def test_a_secret_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    made = ensure_secret_file(path)
    assert ensure_secret_file(path) == made
    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"abc", b"zz" * 32, b"ab" * 31, b"\xff\xfe"])
def test_a_damaged_secret_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(content)
    with pytest.raises(SetupError, match=r"master\.key"):
        ensure_secret_file(path)
    assert path.read_bytes() == content


def test_a_private_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "bootstrap.json"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
