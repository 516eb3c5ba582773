"""Multipart forms: the model is found and replaced; what two parsers could read differently is
rejected."""

import email.parser
import email.policy
import json
from contextlib import suppress

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.form import MAX_FORM_PARTS, MAX_SHOWN_BYTES, read_form, replace_value

TYPE = b"multipart/form-data; boundary=b0"


def part(headers: str, content: bytes = b"small") -> bytes:
    return b"--b0\r\n" + headers.encode() + b"\r\n\r\n" + content + b"\r\n"


def form(*parts: bytes, end: bytes = b"--b0--\r\n") -> bytes:
    return b"".join(parts) + end


def named(name: str, content: bytes = b"small") -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"', content)


FILE = part('Content-Disposition: form-data; name="file"; filename="a.wav"', bytes(range(256)))


def encoded(fields: dict[str, str], files: dict[str, bytes]) -> tuple[bytes, bytes]:
    """A form as the official client writes it."""
    request = httpx2.Request("POST", "http://a/", data=fields, files=files)
    return request.headers["content-type"].encode(), request.read()


def parsed(content_type: bytes, body: bytes) -> dict[str, bytes]:
    """The form as another parser reads it."""
    head = b"content-type: " + content_type + b"\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    return {
        str(each.get_param("name", header="content-disposition")): bytes(
            each.get_payload(decode=True)  # pyright: ignore[reportArgumentType] - no multipart inside
        )
        for each in message.iter_parts()
    }


VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: not text.startswith("--")
)


@given(
    fields=st.dictionaries(st.sampled_from(["prompt", "user", "size"]), VALUES),
    model=VALUES,
    upstream=VALUES,
    content=st.binary(max_size=200),
    last=st.booleans(),
)
def test_only_the_model_is_replaced(
    fields: dict[str, str], model: str, upstream: str, content: bytes, *, last: bool
) -> None:
    given_fields = {**fields, "model": model} if last else {"model": model, **fields}
    content_type, body = encoded(given_fields, {"file": content})
    read = read_form(content_type, body)
    found = read.field("model")
    assert found is not None
    assert found[0] == model
    edited = replace_value(body, found[1], upstream)
    again = read_form(content_type, edited).field("model")
    assert again is not None
    assert again[0] == upstream
    start, end = found[1]
    assert edited[:start] == body[:start]
    assert edited.endswith(body[end:])


def test_another_parser_sees_the_same_model() -> None:
    content_type, body = encoded({"model": "up/small", "prompt": "x"}, {"file": b"abc"})
    found = read_form(content_type, body).field("model")
    assert found is not None
    edited = replace_value(body, found[1], "other")
    assert parsed(content_type, edited) == {"model": b"other", "prompt": b"x", "file": b"abc"}


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_any_bytes_are_read_or_rejected(body: bytes, content_type: bytes) -> None:
    for kind in (content_type, TYPE):
        for content in (body, form(body), form(named("model", body), FILE), b"--b0\r\n" + body):
            with suppress(InvalidRequest):
                read_form(kind, content).field("model")


@pytest.mark.parametrize(
    "head",
    [
        "Content-Disposition: form-data; name=model",
        'content-disposition: form-data;name="model"',
        'Content-Disposition: form-data; name="model"\r\nContent-Type: text/plain; charset=utf-8',
        'Content-Disposition: form-data; name="model"\r\nContent-Length: 5',
    ],
)
def test_the_ways_in_which_clients_write_a_field(head: str) -> None:
    found = read_form(TYPE, form(FILE, part(head))).field("model")
    assert found is not None
    assert found[0] == "small"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "boundary"),
        (b"--b1\r\n\r\n", "does not begin with the boundary"),
        (b'{"model":"small"}', "does not begin with the boundary"),
        (form(named("model"), end=b""), "no closing boundary"),
        (form(named("model"), end=b"--b0\r\n"), "no closing boundary"),
        (form(named("model"), end=b"--b0--\r\n" + named("model")), "after a boundary"),
        (form(named("model"), named("model")), "twice"),
        (form(named("model"), named("Model")), "spells 'model'"),
        (form(named("%6dodel"), named("model")), "spells 'model'"),
        (form(named("model ")), "spells 'model'"),
        (form(named("mo\\del")), "escaped name"),
        (form(named("model", b"sm\nall")), "one line"),
        (form(named("model", b"--b1")), "one line"),
        (form(named("model", b"\xff")), "UTF-8"),
        (form(named("x", b"a--b0b")), "inside a part"),
        (form(named("x", b"a\n--b0\n")), "inside a part"),
        (form(b"--b0 \r\n" + named("model")[6:]), "boundary"),
        (form(part("X: y")), "Content-Disposition"),
        (form(part('Content-Disposition: attachment; name="model"')), "Content-Disposition"),
        (form(part('Content-Disposition: form-data; name="a"; name="model"')), "twice"),
        (form(part("Content-Disposition: form-data; name*=utf-8''model")), "Content-Disposition"),
        (form(part('Content-Disposition: form-data; name="a"\r\n name="model"')), "header"),
        (
            form(
                part(
                    'Content-Disposition: form-data; name="a"\r\n'
                    'Content-Disposition: form-data; name="model"'
                )
            ),
            "there twice",
        ),
        (
            form(
                part(
                    'Content-Disposition: form-data; name="model"\r\n'
                    "Content-Transfer-Encoding: base64"
                )
            ),
            "Transfer-Encoding",
        ),
        (
            form(
                part(
                    'Content-Disposition: form-data; name="model"\r\n'
                    "Content-Type: text/plain; charset=utf-16"
                )
            ),
            "one line of text",
        ),
        (form(named("_charset_", b"utf-16"), named("model")), "charset"),
        (form(part('Content-Disposition: form-data; name="model"; filename="x"')), "a file"),
        (form(*[named("x")] * (MAX_FORM_PARTS + 1)), "parts"),
        (form(part("X: " + "y" * 5000)), "headers"),
    ],
)
def test_what_could_be_read_in_two_ways_is_rejected(body: bytes, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        read_form(TYPE, body).field("model")


@pytest.mark.parametrize(
    "content_type",
    [
        b"multipart/form-data",
        b"multipart/form-data; boundary=b0; boundary=b1",
        b"multipart/form-data; boundary=",
        b"multipart/mixed; boundary=b0",
        b"multipart/form-data; boundary=" + b"b" * 71,
    ],
)
def test_a_form_needs_one_boundary(content_type: bytes) -> None:
    with pytest.raises(InvalidRequest, match="Content-Type"):
        read_form(content_type, form(named("model")))


@pytest.mark.parametrize("model", ["--b0", "a\r\n--b0--", "a\nb", "\x00"])
def test_a_model_cannot_end_its_field(model: str) -> None:
    body = form(named("model"))
    found = read_form(TYPE, body).field("model")
    assert found is not None
    with pytest.raises(InvalidRequest):
        replace_value(body, found[1], model)


def test_the_record_of_a_form_is_limited() -> None:
    long = b"x" * (MAX_SHOWN_BYTES - 10)
    shown = json.loads(
        read_form(TYPE, form(named("a", long), named("b", long), named("c"), FILE)).shown()
    )
    assert (len(shown["a"]), shown["b"], shown["c"]) == (len(long), {"size": len(long)}, "small")
    assert shown["file"] == {"filename": "a.wav", "size": 256}
