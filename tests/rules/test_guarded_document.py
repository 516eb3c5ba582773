"""Documents: where a request or an answer has its texts, and what is written after a redaction."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.plugins.guards.secrets import Secrets
from penstock.rules.guards.documents import MAX_VALUES, GuardedDocument, NotJson
from penstock.rules.guards.places import MAX_TEXTS
from penstock.rules.guards.plan import REQUESTED
from penstock.rules.guards.policies import Action, Place
from penstock.rules.guards.results import CheckResults, GuardrailBlocked
from penstock.rules.wire.text_places import ALL_PLACES, PLACES_OF
from tests.rules.guard_texts import CARDS, TOKENS, active, both, plan, results

CARD, SECRET = CARDS[0], TOKENS[0]


def judged(
    document: Any, *places: Place, noted: CheckResults | None = None, raw: bytes = b""
) -> Any:
    """The document after redaction in some places; the same object if nothing was found."""
    checks = [active(each.local, places=places or tuple(Place)) for each in both() if each.local]
    guarded = GuardedDocument(raw or json.dumps(document).encode(), ALL_PLACES, Place.INPUT)
    guarded.judge(plan(*checks), noted or results())
    return json.loads(guarded.encoded()) if guarded.changed else document


def message(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content, **more}]}


ARGUMENTS = '{"a": ["TEXT"]}'
REQUESTS: tuple[tuple[Place, dict[str, Any]], ...] = (
    (Place.INPUT, message("user", "TEXT")),
    (Place.INPUT, message("user", [{"type": "text", "text": "TEXT"}])),
    (Place.INPUT, message("assistant", "TEXT")),
    (Place.INPUT, {"system": [{"type": "text", "text": "TEXT"}]}),
    (Place.INPUT, {"prompt": ["a", "TEXT"]}),
    (Place.INPUT, {"instructions": "TEXT", "input": "b"}),
    (Place.INPUT, {"input": [{"role": "user", "content": [{"text": "TEXT"}]}]}),
    (Place.INPUT, {"contents": [{"role": "user", "parts": [{"text": "TEXT"}]}]}),
    (Place.INPUT, {"query": "TEXT", "documents": ["a"]}),
    (Place.INPUT, {"metadata": {"unknown": [[{"field": "TEXT"}]]}}),
    (Place.INPUT, {"metadata": {"TEXT": 1}}),
    (Place.INPUT, {"tools": [{"function": {"name": "f", "description": "TEXT"}}]}),
    (Place.CONTEXT, {"query": "a", "documents": ["TEXT"]}),
    (Place.CONTEXT, {"documents": [{"text": "TEXT"}]}),
    (Place.CONTEXT, message("user", [{"type": "document", "source": {"data": "TEXT"}}])),
    (Place.CONTEXT, message("user", [{"type": "search_result", "content": [{"text": "TEXT"}]}])),
    (Place.CONTEXT, {"input": [{"type": "file_search_call", "results": [{"text": "TEXT"}]}]}),
    (Place.TOOL_RESULTS, message("tool", "TEXT")),
    (Place.TOOL_RESULTS, message("user", [{"type": "tool_result", "content": "TEXT"}])),
    (Place.TOOL_RESULTS, {"input": [{"type": "function_call_output", "output": "TEXT"}]}),
    (Place.TOOL_RESULTS, {"input": [{"type": "mcp_call", "output": "TEXT", "arguments": "{}"}]}),
    (Place.TOOL_RESULTS, {"contents": [{"parts": [{"functionResponse": {"a": ["TEXT"]}}]}]}),
    (
        Place.TOOL_ARGUMENTS,
        message("assistant", None, tool_calls=[{"function": {"arguments": ARGUMENTS}}]),
    ),
    (Place.TOOL_ARGUMENTS, message("assistant", [{"type": "tool_use", "input": {"a": "TEXT"}}])),
    (Place.TOOL_ARGUMENTS, {"input": [{"type": "function_call", "arguments": ARGUMENTS}]}),
    (Place.TOOL_ARGUMENTS, {"input": [{"type": "mcp_call", "arguments": ARGUMENTS}]}),
    (Place.TOOL_ARGUMENTS, {"contents": [{"parts": [{"functionCall": {"args": ["TEXT"]}}]}]}),
)


@pytest.mark.parametrize(("place", "document"), REQUESTS)
def test_a_text_is_redacted_in_its_place_and_in_no_other(
    place: Place, document: dict[str, Any]
) -> None:
    written = json.dumps(document)
    given_, wanted = (
        json.loads(written.replace("TEXT", text)) for text in (f"my {CARD}", "my [card number]")
    )
    assert judged(given_, place) == _compact(wanted)
    assert judged(given_, *(set(Place) - {place})) == given_


def _compact(document: Any) -> Any:
    """JSON in texts is written without spaces after a redaction."""
    if isinstance(document, dict):
        return {name: _compact(value) for name, value in document.items()}
    if isinstance(document, list):
        return [_compact(value) for value in document]
    if isinstance(document, str) and document.startswith("{") and "[" in document:
        return json.dumps(json.loads(document), separators=(",", ":"))
    return document


def test_a_number_is_replaced_by_a_text() -> None:
    assert judged({"a": int(CARD), "b": 12}) == {"a": "[card number]", "b": 12}


def test_escapes_hide_nothing() -> None:
    hidden = "".join(f"\\u{ord(each):04x}" for each in CARD)
    raw = f'{{"messages":[{{"content":"{hidden}"}}]}}'.encode()
    assert plan(*both()).may_concern(raw, REQUESTED)
    assert judged(None, raw=raw) == {"messages": [{"content": "[card number]"}]}
    nested = json.dumps({"messages": [{"role": "tool", "content": f'{{"a":"{hidden}"}}'}]})
    assert judged(json.loads(nested))["messages"][0]["content"] == '{"a":"[card number]"}'


def test_parts_of_one_message_are_one_text() -> None:
    half = CARD[:8]
    document = {"messages": [{"content": [{"text": f"a {half}"}, {"text": f"{CARD[8:]} b"}]}]}
    assert judged(document) == {
        "messages": [{"content": [{"text": "a [card number]"}, {"text": " b"}]}]
    }
    apart = {"messages": [{"content": f"a {half}"}, {"content": f"{CARD[8:]} b"}]}
    assert judged(apart) == apart


def test_a_name_that_is_there_twice_is_sent_once() -> None:
    raw = f'{{"a":"{CARD}","a":"b","c":1}}'.encode()
    assert judged(None, raw=raw) == {"a": "b", "c": 1}


def test_data_in_base64_is_not_searched() -> None:
    data = "A" * 1100 + "/" + CARD + "/" + "A" * 100
    url = {"image_url": {"url": f"data:image/png;base64,{data}"}, "data": data}
    assert judged(url) == url
    assert judged({"data": f"{data} {CARD}"}) == {
        "data": data.replace(CARD, "[card number]") + " [card number]"
    }


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"{", b'{"a":1e999}', b'{"a":NaN}', b"\xff", b"[" * 100_000),
        *(b"[" + b'"a",' * MAX_TEXTS + b'"b"]', b"[" + b"0," * MAX_VALUES + b"0]"),
        *(b'{"a":' + b"1" * 5000 + b"}", '"utf-16"'.encode("utf-16")),
    ],
)
def test_what_cannot_be_read_in_one_way_is_no_json(raw: bytes) -> None:
    with pytest.raises(NotJson):
        GuardedDocument(raw, ALL_PLACES, Place.INPUT)


def test_deep_documents_are_read_as_far_as_json_is() -> None:
    deep = b"[" * 400 + f'"{CARD}"'.encode() + b"]" * 400
    guarded = GuardedDocument(deep, ALL_PLACES, Place.INPUT)
    guarded.judge(plan(*both()), results())
    assert guarded.encoded() == b"[" * 400 + b'"[card number]"' + b"]" * 400


def test_half_a_surrogate_pair_is_written_as_an_escape() -> None:
    raw = f'{{"a":"\\ud800 {CARD}"}}'.encode()
    guarded = GuardedDocument(raw, ALL_PLACES, Place.INPUT)
    guarded.judge(plan(*both()), results())
    assert guarded.encoded() == b'{"a": "\\ud800 [card number]"}'


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.sampled_from((CARD, SECRET, f"a {CARD}.")),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_of_no_document_a_secret_remains(document: object) -> None:
    raw = json.dumps(document).encode()
    found = CARD.encode() in raw or SECRET.encode() in raw
    checks = plan(*both())
    assert checks.may_concern(raw, REQUESTED) or not found
    guarded = GuardedDocument(raw, ALL_PLACES, Place.INPUT)
    guarded.judge(checks, results())
    written = guarded.encoded()
    assert CARD.encode() not in written
    assert SECRET.encode() not in written
    if not found:
        assert json.loads(written) == document


def test_a_finding_of_a_check_that_blocks_ends_the_call_and_names_no_text() -> None:
    guarded = GuardedDocument(f'["{SECRET}"]'.encode(), ALL_PLACES, Place.INPUT)
    noted = results()
    with pytest.raises(GuardrailBlocked) as raised:
        guarded.judge(plan(active(Secrets(), Action.BLOCK, name="secrets")), noted)
    assert SECRET not in raised.value.sentence()
    assert noted.header() == b"blocked=secrets:1"


def test_the_places_of_the_formats_do_not_contradict_each_other() -> None:
    for each in PLACES_OF.values():
        for ours, all_ in (
            (each.members, ALL_PLACES.members),
            (each.types, ALL_PLACES.types),
            (each.roles, ALL_PLACES.roles),
            (each.in_types, ALL_PLACES.in_types),
        ):
            assert ours.items() <= all_.items()
