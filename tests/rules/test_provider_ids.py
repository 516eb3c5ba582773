"""Ids of what providers keep: they say whose they are, and nobody can change or move them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.provider_ids import (
    MAX_ID_CHARS,
    IdKind,
    ProviderId,
    may_name_file,
    sign_id,
    verified_id,
)

SECRET = b"s" * 32
ID = ProviderId("up", "default", "file-abc", "small")


@given(st.builds(ProviderId, *[st.text(max_size=40)] * 4), st.sampled_from(IdKind))
def test_an_id_comes_back_as_it_was(found: ProviderId, kind: IdKind) -> None:
    signed = sign_id(kind, found, "prj_1", SECRET)
    assert signed == sign_id(kind, found, "prj_1", SECRET)
    assert signed.removeprefix(kind).replace("-", "").replace("_", "").isalnum()
    if len(signed) <= MAX_ID_CHARS:
        assert verified_id(kind, signed, "prj_1", SECRET) == found


def test_an_id_is_for_its_project_its_kind_and_its_installation() -> None:
    signed = sign_id(IdKind.FILE, ID, "prj_1", SECRET)
    batch = signed.replace(IdKind.FILE, IdKind.BATCH)
    assert verified_id(IdKind.FILE, signed, "prj_2", SECRET) is None
    assert verified_id(IdKind.BATCH, signed, "prj_1", SECRET) is None
    assert verified_id(IdKind.BATCH, batch, "prj_1", SECRET) is None
    assert verified_id(IdKind.FILE, signed, "prj_1", b"t" * 32) is None


@given(st.data())
def test_a_changed_id_is_none(data: st.DataObject) -> None:
    signed = sign_id(IdKind.FILE, ID, "prj_1", SECRET)
    at = data.draw(st.integers(0, len(signed) - 1))
    other = data.draw(st.characters(min_codepoint=0, max_codepoint=0x2FF))
    changed = signed[:at] + other + signed[at + 1 :]
    assert changed == signed or verified_id(IdKind.FILE, changed, "prj_1", SECRET) is None


@pytest.mark.parametrize("text", ["", "file-abc", "file-ps_", "file-ps_é", "file-ps_" + "A" * 2000])
def test_another_text_is_none(text: str) -> None:
    assert verified_id(IdKind.FILE, text, "prj_1", SECRET) is None


def test_an_id_of_another_version_is_none() -> None:
    class Longer(msgspec.Struct, array_like=True):
        one: int

    signed = sign_id(IdKind.FILE, Longer(1), "prj_1", SECRET)  # pyright: ignore[reportArgumentType] - of another version
    assert verified_id(IdKind.FILE, signed, "prj_1", SECRET) is None


@given(
    pieces=st.lists(st.sampled_from((b"_", b"_id", b"file", b"file_i", b"d", b"x" * 40))),
    before=st.integers(0, 40),
    named=st.booleans(),
)
def test_a_file_is_found_behind_any_underscores(
    pieces: list[bytes], before: int, named: bool
) -> None:
    body = b"max_tokens" * before + b"file_id" * named + b"".join(pieces)
    assert may_name_file(body) == (b"file_id" in body)
