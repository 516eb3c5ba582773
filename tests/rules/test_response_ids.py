"""Ids in requests and answers are replaced in their places, and all other bytes stay."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.formats.json_places import (
    ANY,
    MAX_TOKENS,
    find_strings,
    names_of,
    replace_strings,
)
from penstock.rules.provider_ids import IdKind, IdSigner, ProviderId, verified_id
from penstock.rules.wire.openai import chat_ids
from penstock.rules.wire.responses.ids import MAX_TOKENS_BEFORE, ResponseIds, named_ids

SIGNER = IdSigner("prj_1", b"s" * 32, "up", "default")
NAMES = names_of({"a": "top", "a.b": "below", f"l.{ANY}": "each", f"l.{ANY}.a": "inside"})
KEYS = st.sampled_from(["a", "b", "l", "ä", 'q"', "file_id"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def expected(document: Any) -> list[tuple[str, str]]:
    """The strings of `NAMES`, by Python's own reader."""
    found: list[tuple[str, str]] = []
    for name, value in document.items() if isinstance(document, dict) else ():
        if name == "a" and isinstance(value, str):
            found.append(("top", value))
        elif name == "a" and isinstance(value, dict):
            found += [("below", text) for n, text in value.items() if n == "b" and is_text(text)]
        elif name == "l" and isinstance(value, list | dict):
            for each in value.values() if isinstance(value, dict) else value:
                if isinstance(each, str):
                    found.append(("each", each))
                elif isinstance(each, dict) and is_text(each.get("a")):
                    found.append(("inside", each["a"]))
    return found


def is_text(value: object) -> bool:
    return isinstance(value, str)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_strings_are_found_where_they_are(document: Any, ascii_only: bool, indent: Any) -> None:
    body = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    found = list(find_strings(body, NAMES))
    assert [(each.label, each.text) for each in found] == expected(document)
    assert replace_strings(body, [], []) == body
    for each in found:
        assert json.loads(body[each.start : each.end]) == each.text
    changed = json.loads(replace_strings(body, found, ["\x00é" + each.text for each in found]))
    assert [text for _, text in expected(changed)] == ["\x00é" + each.text for each in found]


@given(st.binary(max_size=60) | st.text('{}[],:"a\\', max_size=60).map(str.encode))
def test_no_text_makes_the_search_fail(body: bytes) -> None:
    try:
        found = list(find_strings(body, NAMES))
    except ValueError:  # a string that is not valid
        found = []
    assert all(each.label for each in found)


def test_the_places_of_requests() -> None:
    chat = {
        "metadata": {"file_id": "m"},
        "messages": [
            {"role": "user", "content": "file_id"},
            {"role": "user", "content": [{"type": "file", "file": {"file_id": "f1"}}]},
            {"role": "user", "content": [{"type": "file", "file_id": "f2"}]},
        ],
        "tools": [{"function": {"parameters": {"properties": {"file_id": {"default": "p"}}}}}],
    }
    found = chat_ids.named_ids(json.dumps(chat).encode())
    assert [each.text for each in found] == ["f1", "f2"]
    asked = {
        "previous_response_id": "r",
        "conversation": None,
        "input": [
            {"content": [{"type": "input_file", "file_id": "f1"}]},
            {"content": [{"type": "output_text", "annotations": [{"file_id": "cited"}]}]},
            {"type": "computer_call_output", "output": {"file_id": "f2"}},
            {"type": "function_call_output", "output": [{"type": "input_image", "file_id": "f3"}]},
        ],
        "tools": [
            {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f4", "f5"]}},
            {"type": "image_generation", "input_image_mask": {"file_id": "f6"}},
            {"type": "file_search", "vector_store_ids": ["vs_1"]},
        ],
        "prompt": {"id": "p", "variables": {"doc": {"type": "input_file", "file_id": "f7"}}},
        "metadata": {"previous_response_id": "m", "file_id": "m"},
    }
    found = named_ids(json.dumps(asked).encode())
    assert [(each.label, each.text) for each in found] == [
        (IdKind.RESPONSE, "r"),
        *((IdKind.FILE, f"f{number}") for number in range(1, 8)),
    ]


def signed(plain: str) -> str:
    return SIGNER.sign(IdKind.RESPONSE, plain) or ""


def test_an_id_that_goes_out_is_valid() -> None:
    found = verified_id(IdKind.RESPONSE, signed("resp_1"), "prj_1", SIGNER.secret)
    assert found == ProviderId("up", "default", "resp_1")
    assert SIGNER.sign(IdKind.RESPONSE, "x" * 1000) is None


@pytest.mark.parametrize("first", ["id", "output"])
def test_other_members_of_an_answer_stay(first: str) -> None:
    text = 'said "previous_response_id":"resp_0" and {"id":"resp_1"}'
    members = {"id": "resp_1", "output": [{"id": "resp_1", "text": text}], "metadata": {"id": "m"}}
    ordered = {first: members[first], **members, "previous_response_id": "resp_0"}
    body = json.dumps(ordered).encode()
    answer = json.loads(ResponseIds(SIGNER, previous=True).whole(body))
    replaced = {"id": signed("resp_1"), "previous_response_id": signed("resp_0")}
    assert answer == {**ordered, **replaced}


@pytest.mark.parametrize("names_last", [False, True])
def test_only_events_with_a_response_change(names_last: bool) -> None:
    delta = {"type": "response.output_text.delta", "delta": '"response":{"id":"resp_1"}'}
    tool = {"type": "response.mcp_call.done", "item": {"response": {"id": "resp_1"}}}
    whole = {"type": "response.completed", "response": {"object": "response", "id": "resp_1"}}
    if names_last:
        whole = {"response": whole["response"], "type": whole["type"]}
    events = b"".join(
        b"event: e\ndata: %b\n\n" % json.dumps(e).encode() for e in (delta, tool, whole)
    )
    written = ResponseIds(SIGNER, previous=False).events(events)
    before, _, after = events.rpartition(b'"resp_1"')
    assert written == before + json.dumps(signed("resp_1")).encode() + after


@given(st.lists(st.integers(1, 1500), max_size=8), st.integers(0, 2000), st.integers(0, 1200))
def test_pieces_of_a_large_answer_are_the_same_as_the_whole(
    sizes: list[int], before: int, after: int
) -> None:
    document = {
        "id": "resp_1",
        "o": "x" * before,
        "previous_response_id": "resp_0",
        "p": "y" * after,
    }
    body, ids = json.dumps(document).encode(), ResponseIds(SIGNER, previous=True)
    out, rest = b"", b""
    for size in [*sizes, len(body)]:
        piece, body = body[:size], body[size:]
        if piece:
            begun = ids.beginning(piece) if not out + rest and len(piece) > 30 else piece
            sent, rest = ids.piece(rest + begun)
            assert rest
            out += sent
    assert json.loads(out + ids.end(rest))["previous_response_id"] == signed("resp_0")


def test_a_malformed_answer_is_an_error_of_the_provider() -> None:
    ids = ResponseIds(SIGNER, previous=True)
    for body in (b'{"id":"\\x"}', b'{"id":"\xff"}'):
        with pytest.raises(UpstreamFailed):
            ids.whole(body)
        with pytest.raises(UpstreamFailed):
            ids.events(b'data: {"response":%b}\n\n' % body)


def test_a_request_with_too_many_values_is_rejected() -> None:
    named = b'{"messages":[{"content":[{"file_id":"f"}]},%b 0]}'
    assert len(chat_ids.named_ids(named % (b"[]," * 1000))) == 1
    with pytest.raises(InvalidRequest, match="more than"):
        chat_ids.named_ids(named % (b"[]," * (MAX_TOKENS // 3)))


def test_an_answer_is_searched_within_a_bound() -> None:
    """An id that comes late goes out as it is, and so does an answer without one."""
    ids = ResponseIds(SIGNER, previous=False)
    for count in (0, MAX_TOKENS_BEFORE // 4, MAX_TOKENS_BEFORE):
        response = b'{"output":[%b0],"id":"resp_1"}' % (b"[]," * count)
        found = json.loads(ids.whole(response))["id"]
        assert found == ("resp_1" if count == MAX_TOKENS_BEFORE else signed("resp_1"))
        events = ids.events(b'data: {"response":%b}\n\n' % response)
        assert json.loads(events[6:])["response"]["id"] == found
