"""The exact cache: which requests are the same, and which answers are kept."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.rules.answer_cache import (
    CacheChoice,
    CachedAnswer,
    cache_key,
    decode_cached,
    encode_cached,
    is_complete,
    read_choice,
)
from penstock.rules.call import Operation, Usage

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
REQUEST = st.dictionaries(st.text(max_size=6), JSON, max_size=6)


PLAIN = ("chat", "openai", "", "up", "https://up", "small")


def key(body: bytes, *circumstances: str) -> str | None:
    return cache_key(body, circumstances or PLAIN)


@given(REQUEST, st.booleans(), st.randoms())
def test_order_and_what_does_not_matter_change_nothing(
    request_: dict[str, Any], stream: bool, random: Any
) -> None:
    body = json.dumps(request_).encode()
    shuffled = list(request_.items())
    random.shuffle(shuffled)
    other = dict(shuffled) | {"stream": stream, "user": "ann", "model": "x", "metadata": {"a": 1}}
    if not {"stream", "user", "model", "metadata"} & request_.keys():
        assert key(body) == key(json.dumps(other, indent=1).encode()) is not None


@given(REQUEST)
def test_it_does_not_matter_how_the_same_is_written(request_: dict[str, Any]) -> None:
    compact = json.dumps(request_, ensure_ascii=False, separators=(",", ":"))
    spaced, escaped = json.dumps(request_, indent=1), json.dumps(request_)
    assert len({key(text.encode("utf-8")) for text in (compact, spaced, escaped)}) == 1


@given(REQUEST, st.text(min_size=1, max_size=6), JSON)
def test_everything_else_matters(request_: dict[str, Any], name: str, value: Any) -> None:
    changed = request_ | {name: value}
    same = json.dumps(changed, sort_keys=True) == json.dumps(request_, sort_keys=True)
    if not same and name not in ("model", "stream", "user", "store"):
        assert key(json.dumps(request_).encode()) != key(json.dumps(changed).encode())


@pytest.mark.parametrize("at", range(len(PLAIN)))
def test_formats_headers_and_targets_are_kept_apart(at: int) -> None:
    other = (*PLAIN[:at], "other", *PLAIN[at + 1 :])
    keys = {key(b'{"a":1}'), key(b'{"a":1}', *other), key(b'{"a":1}', *PLAIN, "beta")}
    assert len(keys) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":2}}',
        b'{"model":"x","a":1,"a":2,"t":1e5}',  # written again, the number is longer
        b'{"model":"x","a":1,"a":2,"t":0.00006103515625,"u":6.103515625e-05}',
        b'{"model":"x","a":1,"a":2,"t":12345678901234567.0,"u":12345678901234567.0}',
        b'{"a":"\xff"}',
        b'{"a":1e999}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
)
def test_what_readers_understand_differently_is_not_cached(body: bytes) -> None:
    assert key(body) is None


@given(st.binary(max_size=200))
def test_any_body_gives_a_key_or_none(body: bytes) -> None:
    found = key(body)
    assert found is None or len(found) == 64


def test_the_header() -> None:
    assert read_choice(b"3600") == CacheChoice(3600)
    assert read_choice(b" 60 , Refresh ") == CacheChoice(60, refresh=True)
    assert read_choice(b"off") is None


@given(st.binary(max_size=20))
def test_another_header_is_refused(value: bytes) -> None:
    try:
        choice = read_choice(value)
    except InvalidRequest:
        return
    assert choice is None or 0 < choice.keep_s <= 30 * 24 * 3600


def test_filtered_and_cut_answers_are_not_kept() -> None:
    assert is_complete(Operation.CHAT, ("stop",))
    assert is_complete(Operation.CHAT, ("tool_use",))
    assert is_complete(Operation.EMBEDDINGS, ())
    for reasons in ((), ("content_filter",), ("stop", "content_filter"), ("SAFETY",), ("refusal",)):
        assert not is_complete(Operation.CHAT, reasons)


@given(st.binary(max_size=60))
def test_a_damaged_file_is_no_answer(content: bytes) -> None:
    answer = CachedAnswer(2, 1, "up", "m", "openai", b"{}", "m", "id", ("stop",), Usage(), "0.1")
    whole = encode_cached(answer)
    assert decode_cached(whole) == answer
    assert decode_cached(whole[: len(whole) // 2]) is None
    decode_cached(content)
