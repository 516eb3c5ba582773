"""Reading what routing needs of a request, and edits that change no other byte."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.wire.head import edit_request, read_head

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
OTHERS = st.dictionaries(
    st.text().filter(lambda name: name not in ("model", "stream", "stream_options"))
    | st.sampled_from(["messages", "mode", "models", "metadata"]),
    JSON | st.just({"model": "nested", "stream_options": {"model": 1}}) | st.just('"model": "x"'),
    max_size=5,
)


def _edit(body: bytes, model: str, *, add_usage: bool = False) -> bytes:
    """Edits with and without the position that reading found; both give the same body."""
    place = read_head(body).model_at
    edited = edit_request(body, model, add_usage=add_usage, model_at=place)
    assert edited == edit_request(body, model, add_usage=add_usage)
    return edited


def test_reads_model_stream_and_usage_option() -> None:
    head = read_head(b'{"model":"m","stream":true,"stream_options":{"include_usage":true}}')
    assert (head.model, head.stream, head.wants_usage) == ("m", True, True)
    head = read_head(b'{"stream":null,"model":"m","stream_options":null}')
    assert (head.model, head.stream, head.wants_usage) == ("m", False, False)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"model": "m",\n  "messages": [}', "line 2, column 16"),
        (b"{", "line 1, column 2"),
        (b"", "line 1, column 1"),
        ('{"x": "é", }'.encode(), "line 1, column 12"),
        (b"\xff\xfe{", "line 1, column 1"),
    ],
)
def test_malformed_json_is_reported_with_line_and_column(body: bytes, place: str) -> None:
    with pytest.raises(InvalidRequest, match=place) as caught:
        read_head(body)
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{}", "model"),
        (b'{"model": 1}', "model"),
        (b'{"model": "m", "stream": "yes"}', "stream"),
        (b"[]", None),
    ],
)
def test_a_wrong_field_is_reported_by_name(body: bytes, param: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_head(body)
    assert caught.value.param == param


def test_deep_nesting_is_rejected() -> None:
    body = b'{"model":"m","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        read_head(body)


@given(
    others=OTHERS,
    position=st.integers(0, 5),
    ascii_only=st.booleans(),
    indent=st.none() | st.integers(0, 3),
    model=st.text(min_size=1),
    add_usage=st.booleans(),
    large=st.booleans(),
    options=st.none()
    | st.fixed_dictionaries({"include_obfuscation": st.booleans()})
    | st.just({"include_usage": False}),
)
def test_only_the_model_and_the_usage_option_change(
    others: dict[str, Any],
    position: int,
    ascii_only: bool,
    indent: int | None,
    model: str,
    add_usage: bool,
    large: bool,
    options: dict[str, Any] | None,
) -> None:
    model = model.encode("utf-8", "replace").decode()
    items = list(others.items()) + [("input", "long " * 1000)] * large
    items.insert(min(position, len(items)), ("model", "up/small"))
    if options is not None:
        items.append(("stream_options", options))
    document = dict(items)
    separators = (",", ":") if large and indent is None else None
    dumped = json.dumps(document, ensure_ascii=ascii_only, indent=indent, separators=separators)
    body = dumped.encode("utf-8", "replace")
    document = json.loads(body)
    edited = json.loads(_edit(body, model, add_usage=add_usage))
    expected = {**document, "model": model}
    if add_usage:
        expected["stream_options"] = {**(options or {}), "include_usage": True}
    assert edited == expected
    assert [name for name in edited if name in document] == list(document)


def test_white_space_and_number_formats_are_unchanged() -> None:
    body = b'{ "temperature" : 1.50e0 ,\r\n\t"model" :  "up/small", "seed":01234567890123456789 }'
    body = body.replace(b"01234567890123456789", b"12345678901234567890123456789")
    assert _edit(body, "small") == body.replace(b"up/small", b"small")


def test_an_escaped_key_is_the_same_key() -> None:
    body = rb'{"messages":[{"model":"up/small"}],"mod\u0065l":"up/small"}'
    edited = json.loads(_edit(body, "small"))
    assert edited == {"messages": [{"model": "up/small"}], "model": "small"}


REPEATED = [
    ("model", b'{"model":"cheap","model":"dear"}'),
    ("model", rb'{"model":"cheap","mod\u0065l":"dear"}'),
    ("model", rb'{"mod\u0065l":"dear","model":"cheap"}'),
    ("model", b'{"model":"ok","Model":"expensive","STREAM":true}'),
    ("model", rb'{"model":"ok","\u004dodel":"expensive"}'),
    ("model", b'{"MODEL":"expensive","model":"ok"}'),
    ("stream", b'{"model":"m","stream":true,"stream":false}'),
    ("stream", b'{"model":"m","stream":null,"stream":true}'),
    ("stream", b'{"model":"m","STREAM":true}'),
    ("stream", b'{"model":"m","stream":null,"Stream":true}'),
    ("stream", '{"model":"m","\u017ftream":true}'.encode()),
    ("stream", rb'{"model":"m","\u017Ftream":true}'),
    ("stream", rb'{"model":"m","\u0053tream":true}'),
    ("stream_options", b'{"model":"m","stream_options":{},"stream_options":{}}'),
    ("stream_options", b'{"model":"m","stream_options":{},"Stream_Options":{}}'),
    ("stream_options", b'{"model":"m","stream":true,"Stream_Options":{}}'),
]


@pytest.mark.parametrize("pad", ["", "large", "large and compact", "spaced"])
@pytest.mark.parametrize(("name", "body"), REPEATED)
def test_an_ambiguous_member_is_rejected(name: str, body: bytes, pad: str) -> None:
    if pad.startswith("large"):
        body = _large(body)
    if not pad.endswith("compact"):
        body = body.replace(b",", b", ").replace(b'":', b'": ') if pad else body
    with pytest.raises(InvalidRequest, match=r"twice|spells") as caught:
        read_head(body)
    assert caught.value.param == name


NAMES = st.sampled_from(["model", "stream", "stream_options"])


@given(data=st.data(), others=OTHERS, large=st.booleans(), compact=st.booleans())
def test_a_second_spelling_is_rejected_at_any_position(
    data: st.DataObject, others: dict[str, Any], large: bool, compact: bool
) -> None:
    """A body with each member once, in its exact spelling, is accepted."""
    texts: dict[str, Any] = {"model": "m", "stream": True, "stream_options": {}}
    items = [*others.items(), *texts.items()] + [("input", "long " * 1000)] * large
    items = [item for item in items if item[0].casefold() not in texts or item[0] in texts]
    members = [_member(name, value, compact) for name, value in items]
    accepted = read_head(_object(members, compact))
    assert (accepted.model, accepted.stream, accepted.wants_usage) == ("m", True, False)
    name = data.draw(NAMES)
    spelling = "".join(data.draw(st.sampled_from(_spellings(letter))) for letter in name)
    again = f'"{spelling}":{json.dumps(texts[name])}'
    members.insert(data.draw(st.integers(0, len(members))), again)
    with pytest.raises(InvalidRequest) as caught:
        read_head(_object(members, compact))
    assert caught.value.param == name


def _member(name: str, value: Any, compact: bool) -> str:
    space = "" if compact else " "
    text = json.dumps(value, ensure_ascii=False, separators=("," + space, ":" + space))
    return f"{json.dumps(name, ensure_ascii=False)}:{space}{text}"


def _object(members: list[str], compact: bool) -> bytes:
    inner = ("," if compact else ", ").join(members)
    return f"{{{inner}}}".encode("utf-8", "replace")


def _spellings(letter: str) -> list[str]:
    both = [letter, letter.upper()]
    folding = ["\u017f"] if letter == "s" else []
    return [*both, *folding, *(f"\\u{ord(one):04x}" for one in [*both, *folding])]


def test_a_large_body_is_read_like_a_small_one() -> None:
    body = b'{"model":"m","stream":true,"stream_options":{"include_usage":true}}'
    head = read_head(_large(body))
    assert head.model_at is not None
    assert replace(head, model_at=None) == RequestHead("m", stream=True, wants_usage=True)
    assert replace(head, model_at=None) == replace(read_head(body), model_at=None)
    with pytest.raises(InvalidRequest) as caught:
        read_head(_large(b'{"model":"m","stream":"yes"}'))
    assert caught.value.param == "stream"
    with pytest.raises(InvalidRequest, match="line 1, column 5021"):
        read_head(_large(b'{"model":}'))


def _large(body: bytes) -> bytes:
    return b'{"input":"%b",%b' % (b"long " * 1000, body[1:])


@pytest.mark.parametrize(
    "more",
    [
        b"",
        b' "user":"u",',
        '"größe":1,'.encode(),
        rb'"\u0061":1,',
        b'"tools":[ {"model": "x"} ],',
        b'"user":"u","user":"v",',
    ],
)
def test_every_other_byte_of_a_large_body_is_unchanged(more: bytes) -> None:
    body = b'{%b"model":"up/small","input":"%b"}' % (more, b"long " * 1000)
    assert _edit(body, "small") == body.replace(b"up/small", b"small")
