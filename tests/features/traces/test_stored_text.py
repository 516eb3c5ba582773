"""A payload is stored as a text that can be searched, and comes back with the same value."""

import base64
import json
import os
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.features.traces.stored_text import (
    BLOB_CHARS,
    MAX_SOURCE_CHARS,
    StoredText,
    payload_of,
    readable,
    restore,
    source_of,
    without_blobs,
)


def to_stored(payload: bytes) -> StoredText:
    return without_blobs(readable(payload))


def stored_and_back(payload: bytes) -> bytes | None:
    text = readable(payload)
    source = source_of(payload, text)
    return payload_of(restore(*without_blobs(text)), source)


text = st.text(st.characters(exclude_categories=["Cs"]))
long_runs = st.integers(BLOB_CHARS, 2 * BLOB_CHARS).map(
    lambda size: base64.b64encode(bytes(size)).decode()
)
vectors = st.integers(BLOB_CHARS // 4, BLOB_CHARS).map(lambda size: [0.125] * size)
values = st.recursive(
    st.none() | st.integers() | text | long_runs | vectors | st.sampled_from(["\x1a", "\\", "/"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=8,
)


@given(values, st.booleans(), st.booleans())
def test_every_json_value_comes_back(value: Any, ascii_only: bool, slashes: bool) -> None:
    payload = json.dumps(value, ensure_ascii=ascii_only)
    if slashes:
        payload = payload.replace("/", "\\/")
    stored = to_stored(payload.encode())
    assert json.loads(restore(*stored)) == value


@given(st.binary())
def test_bytes_of_any_kind_come_back_as_text(payload: bytes) -> None:
    stored = to_stored(payload)
    assert stored.blobs == []
    if b"\\" not in payload:
        assert restore(*stored) == payload.decode("utf-8", "replace")


@given(values, st.booleans(), st.booleans())
def test_the_very_bytes_of_a_json_payload_come_back(
    value: Any, ascii_only: bool, slashes: bool
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    payload = (text.replace("/", "\\/") if slashes else text).encode()
    assert stored_and_back(payload) == payload


@given(st.binary())
def test_the_very_bytes_of_any_payload_come_back(payload: bytes) -> None:
    assert stored_and_back(payload) == payload


def test_a_payload_as_python_writes_it_is_not_stored_twice() -> None:
    payload = json.dumps(["größer 😀 / €" * 100]).encode()
    assert len(source_of(payload, readable(payload))) < 10


def test_a_payload_that_cannot_be_kept_beside_its_text_is_known_to_be_lost() -> None:
    payload = os.urandom(4 * MAX_SOURCE_CHARS // 5)
    text = readable(payload)
    assert payload_of(text, source_of(payload, text)) is None


@given(st.text('\x1a"a0[ ,', max_size=12), st.text('\x1a"a0[ ,', max_size=12))
def test_a_mark_of_a_caller_is_no_place_for_a_blob(before: str, after: str) -> None:
    payload = f'{before}"{"A" * BLOB_CHARS}"{after}'
    assert restore(*to_stored(payload.encode())) == payload


@pytest.mark.parametrize(
    ("escaped", "stored"),
    [
        (r'"\u00e4rger"', '"ärger"'),
        (r'"\uD83D\uDE00"', '"😀"'),
        (r'"a\/b"', '"a/b"'),
        (r'"\\u00e4"', r'"\\u00e4"'),  # an escaped backslash before "u00e4"
        (r'"\u0022\u000a\u005c"', r'"\u0022\u000a\u005c"'),
        (r'"\ud83d"', r'"\ud83d"'),  # half of a pair
        (r'"\n\"\u20ac"', r'"\n\"€"'),
    ],
)
def test_characters_are_stored_as_themselves_where_json_allows_it(
    escaped: str, stored: str
) -> None:
    assert to_stored(escaped.encode()) == (stored, [])


def test_media_and_vectors_are_not_in_the_searched_text() -> None:
    image = "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 20).decode()
    vector = [0.015625, -1.5e-07] * 300
    payload = json.dumps({"messages": [{"content": image}], "embedding": vector})
    stored = to_stored(payload.encode())
    assert len(stored.text) < 100
    assert len(stored.blobs) == 2
    assert restore(*stored) == payload


def test_a_payload_of_millions_of_quotes_takes_little_memory() -> None:
    payload = b'"' * 20_000_000
    tracemalloc.start()
    stored = to_stored(payload)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert restore(*stored).encode() == payload
    assert most < 6 * len(payload)


def test_prose_of_any_language_stays_in_the_searched_text() -> None:
    prose = ["word " * 500, "文" * 2000, "x" * (BLOB_CHARS - 1)]
    payload = json.dumps(prose, ensure_ascii=False)
    assert to_stored(payload.encode()) == (payload, [])
