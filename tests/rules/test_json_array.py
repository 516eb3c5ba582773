"""A stream as one JSON array: its elements are the data of the events, however they are split."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.formats.json_array import JsonArray

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.lists(TEXTS, max_size=3), max_size=4), st.lists(TEXTS, max_size=2))
def test_each_event_becomes_one_element(pieces: list[list[str]], last: list[str]) -> None:
    array = JsonArray()
    out = b"".join(array.add(_events(piece)) for piece in pieces) + array.end(_events(last))
    assert json.loads(out) == [text for piece in [*pieces, last] for text in piece]


@pytest.mark.parametrize("empty", [b"", b": comment\n\n", b"data:\n\n", b"\n\n"])
def test_what_has_no_data_adds_no_element(empty: bytes) -> None:
    assert JsonArray().end(empty) == b"[]"
    array = JsonArray()
    assert array.add(empty) + array.add(b"data: 1\r\n\r\n") + array.end(empty) == b"[1]"


def test_data_in_several_lines_is_one_element() -> None:
    assert json.loads(JsonArray().end(b'data: {"a":\ndata: 1}\n\n')) == [{"a": 1}]


def _events(texts: list[str]) -> bytes:
    return b"".join(b"data: " + json.dumps(text).encode() + b"\n\n" for text in texts)
