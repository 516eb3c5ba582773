"""Calls that pass to any path: it stays below the base URL, the model is found, the key goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.rules.passed_call import model_of, query_of
from penstock.rules.wire.passed_path import passed_url


@given(st.text("./%2eE\\a", max_size=12))
def test_no_path_leaves_the_base_url(path: str) -> None:
    try:
        url = passed_url("http://host/base/v1", path, "")
    except InvalidRequest:
        return
    assert url.startswith("http://host/base/v1")
    rest = url.removeprefix("http://host/base/v1").lower().replace("%2e", ".").replace("%2f", "/")
    assert ".." not in rest.split("/")
    assert "//" not in rest


@pytest.mark.parametrize(
    ("path", "body", "model"),
    [
        ("/passthrough/up/files", b'{"model":"m"}', "m"),
        ("/passthrough/up/models/gemini-x:generateContent", b"{}", "gemini-x"),
        ("/passthrough/up/model/claude/converse", b"", "claude"),
        ("/passthrough/up/files", b'{"model":7}', ""),
        ("/passthrough/up/files", b"{" * 5000, ""),
    ],
)
def test_the_model_is_found_for_the_record(path: str, body: bytes, model: str) -> None:
    assert model_of(path, body) == model


def test_only_the_key_is_removed_from_the_query() -> None:
    assert query_of(b"a=1&key=secret&monkey=2&b=%20") == "a=1&monkey=2&b=%20"
