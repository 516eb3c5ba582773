"""A hostile client: the bytes that it sends, in which pieces, and how it disconnects."""

import json
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final, Literal

from hypothesis import strategies as st

from tests.laws.documents import (
    SPACES,
    Bytes,
    arrays,
    documents,
    members,
    nested,
    numbers,
    object_of,
    objects,
    texts,
    weighted,
)
from tests.laws.forms import forms, types

Ending = Literal["read", "half_close", "leave", "abort"]
"""`read`: reads to the end of the answer. `half_close`: sends FIN, then reads. `leave`: closes
after the last byte. `abort`: resets the connection after the last byte."""

KEY: Final = b"%KEY%"
TRACE: Final = b"%TRACE%"
PROVIDER: Final = "odd"
MODELS: Final = (
    "m",
    "slash/model",
    'quote"back\\slash',
    "line\u2028separator",
    "carriage\rreturn",
    "new\nline",
    "ключ漢字🙂",
    '{label="x"} 1',
)


@dataclass(frozen=True)
class CallerScript:
    """One connection. `data` contains the placeholders KEY and TRACE. It is sent in pieces, split
    at the fractions `cuts` of its length.

    `certain`: the head is valid HTTP with the correct key, a traceparent and a call route, so there
    must be a record, and an answer if the client waits. `complete`: the body is complete; an
    incomplete one needs no answer.
    """

    data: bytes
    cuts: tuple[float, ...]
    pause_s: float
    ending: Ending
    certain: bool
    complete: bool
    anonymous: bool

    def wire(self, key: str, trace: str) -> list[bytes]:
        """Returns the pieces to send."""
        data = self.data.replace(KEY, key.encode()).replace(TRACE, trace.encode())
        at = sorted({int(part * len(data)) for part in self.cuts} | {0, len(data)})
        return [data[start:end] for start, end in pairwise(at)]

    @property
    def waits(self) -> bool:
        """True if the client waits for the answer."""
        return self.ending in ("read", "half_close")


def calls() -> st.SearchStrategy[CallerScript]:
    """Mostly a valid head with an unusual body; sometimes an unusual head."""
    return weighted((8, _odd_bodies()), (1, _odd_heads()))


# ---- bodies


@cache
def _models() -> Bytes:
    named = st.sampled_from(MODELS + tuple(f"{PROVIDER}/{model}" for model in MODELS))
    free = st.text(max_size=12).map(lambda text: f"{PROVIDER}/{text}")
    escaped = weighted((3, named), (1, free)).map(lambda name: json.dumps(name).encode())
    raw = named.map(lambda name: json.dumps(name, ensure_ascii=False).encode())
    return weighted((2, escaped), (1, raw))


@cache
def _contents() -> Bytes:
    part = objects(
        st.one_of(texts(500), nested(1_000), st.just(b'{"url":"data:image/png;base64,AAAA"}')),
        st.sampled_from((b'"type"', b'"text"', b'"image_url"', b'"content"', b'"input_audio"')),
    )
    plain = st.just(b'"Hello"')
    return weighted(
        (3, texts()), (2, arrays(part)), (3, plain), (1, nested(1_000)), (1, documents())
    )


@cache
def _messages() -> Bytes:
    role = st.sampled_from(
        (b'"user"', b'"assistant"', b'"system"', b'"tool"', b'"developer"', b"7")
    )
    call = members(
        {
            "id": st.just(b'"c1"'),
            "type": st.just(b'"function"'),
            "function": members({"name": texts(20), "arguments": texts(200)}).map(object_of),
        }
    ).map(object_of)
    message = members({"role": role, "content": _contents()}).map(object_of)
    with_tools = members({"role": role, "content": _contents(), "tool_calls": arrays(call, 2)})
    return arrays(weighted((2, message), (1, with_tools.map(object_of))), 4)


@cache
def _known_members() -> dict[str, Bytes]:
    flag = st.sampled_from((b"true", b"false", b"null"))
    return {"model": _models(), "messages": _messages(), "stream": flag}


@cache
def _extra_members() -> st.SearchStrategy[list[bytes]]:
    names = st.sampled_from(
        (
            b'"tools"',
            b'"metadata"',
            b'"stream_options"',
            b'"service_tier"',
            b'"n"',
            b'"user"',
            b'"temperature"',
            b'"max_tokens"',
            b'"response_format"',
            b'"input"',
            b'"__proto__"',
            b'""',
        )
    )
    values = st.one_of(documents(), numbers(), st.just(b'{"include_usage":true}'))
    return st.lists(st.tuples(names, values).map(b":".join), max_size=2)


@cache
def bodies() -> Bytes:
    """Chat requests with unusual members, and unusual documents."""
    chat = st.tuples(members(_known_members()), _extra_members(), SPACES, SPACES).map(
        lambda drawn: drawn[2] + object_of([*drawn[0], *drawn[1]]) + drawn[3]
    )
    cut = st.tuples(chat, st.integers(0, 40)).map(lambda drawn: drawn[0][: -drawn[1] or None])
    return weighted((10, chat), (1, cut), (1, documents()))


# ---- heads and framing


@cache
def _labels() -> Bytes:
    """Unusual but valid header lines."""
    names = st.sampled_from(
        (
            b"x-penstock-team",
            b"x-penstock-user",
            b"x-penstock-use-case",
            b"x-penstock-session",
            b"x-penstock-environment",
            b"X-Penstock-Segment",
            b"x-whatever",
            b"cookie",
            b"accept",
            b"content-type",
            b"content-encoding",
            b"user-agent",
            b"tracestate",
            b"x-forwarded-for",
        )
    )
    values = st.one_of(
        st.sampled_from((b"", b"a", b"\xff\xfe", "é漢".encode(), b"a" * 300, b"a\tb", b"gzip")),
        st.binary(max_size=12).map(lambda raw: bytes(b for b in raw if b >= 32 and b != 127)),
    )
    line = st.tuples(names, values).map(lambda pair: pair[0] + b": " + pair[1] + b"\r\n")
    return st.lists(line, max_size=3).map(b"".join)


def _head(path: bytes, lines: bytes, extra: bytes) -> bytes:
    return (
        b"POST "
        + path
        + b" HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer "
        + KEY
        + b"\r\ntraceparent: 00-"
        + TRACE
        + b"-00f067aa0ba902b7-01\r\n"
        + lines
        + extra
        + b"connection: close\r\n\r\n"
    )


_FORM_PATHS: Final = (b"/v1/audio/transcriptions", b"/v1/audio/translations", b"/v1/images/edits")
_OTHER_PATHS: Final = (
    *(b"/v1/embeddings", b"/v1/completions", b"/v1/moderations", b"/v1/images/generations"),
    *(b"/v1/audio/speech", b"/v1/rerank", b"/v2/rerank", b"/v1/classify", *_FORM_PATHS),
)
_PATHS: Final = weighted((4, st.just(b"/v1/chat/completions")), (3, st.sampled_from(_OTHER_PATHS)))


def _requests(path: bytes) -> st.SearchStrategy[tuple[bytes, bytes]]:
    """A body, and the header line that describes it, if it needs one."""
    plain = st.tuples(bodies(), st.just(b""))
    form = st.tuples(forms(), types())
    return weighted((1, plain), (4, form)) if path in _FORM_PATHS else plain


@st.composite
def _odd_bodies(draw: st.DrawFn) -> CallerScript:
    path, lines = draw(_PATHS), draw(_labels())
    body, content_type = draw(_requests(path))
    framing = draw(st.sampled_from(("length",) * 6 + ("chunked", "chunked", "short", "long")))
    ending: Ending = draw(
        st.sampled_from(("read",) * 12 + ("half_close", "half_close", "leave", "abort"))
    )
    if framing == "chunked":
        size = draw(st.sampled_from((1, 3, 100, 10_000)))
        size = size if len(body) <= 3_000 else 10_000
        sent, extra = _chunked(body, size), b"transfer-encoding: chunked\r\n"
    else:
        stated = len(body) + {"short": -1, "long": 7}.get(framing, 0)
        sent, extra = body, b"content-length: %d\r\n" % max(stated, 0)
        if framing == "long" and ending == "read":
            ending = "half_close"  # else client and gateway wait for each other
    cuts = tuple(draw(_CUTS))
    pause = draw(st.sampled_from((0.0, 0.0, 0.0, 0.01))) if cuts else 0.0
    data = _head(path, lines + content_type, extra) + sent
    complete = framing != "long"
    return CallerScript(data, cuts, pause, ending, certain=True, complete=complete, anonymous=False)


_CUTS: Final = st.lists(st.floats(0, 1), max_size=3)


def _chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


_BODY: Final = b'{"model":"m","messages":[]}'
_LENGTH: Final = b"content-length: %d\r\n" % len(_BODY)
_AUTHORIZATION: Final = b"authorization: Bearer " + KEY + b"\r\n"
_ANONYMOUS: Final = (
    b"",
    b"authorization: Bearer wrong\r\n",
    b"authorization: Basic eDp5\r\n",
    b"authorization: Bearer\r\n",
    b"authorization: Bearer pk_\xff\xfe\r\n",
    b"authorization: Bearer " + b"a" * 5_000 + b"\r\n",
)
_LINES: Final = (
    b"POST /v1/chat/completions HTTP/1.1",
    b"GET /v1/chat/completions HTTP/1.1",
    b"POST /v1/chat/completions HTTP/1.0",
    b"POST /v1/chat/completions HTTP/2.0",
    b"POST /v1/chat/completions HTTP/9.9",
    b"POST /v1/chat/completions",
    b"POST",
    b"",
    b"PRI * HTTP/2.0",
    b"OPTIONS * HTTP/1.1",
    b"CONNECT a:1 HTTP/1.1",
    b"TRACE /v1/models HTTP/1.1",
    b"POST http://gateway/v1/chat/completions HTTP/1.1",
    b"POST /v1/../v1/chat/completions HTTP/1.1",
    b"POST //v1/chat/completions?x=%ff HTTP/1.1",
    b"POST /v1/chat/completions\xff HTTP/1.1",
    b"GET /v1/models HTTP/1.1",
    b"HEAD /v1/models HTTP/1.1",
    b"GET /metrics?x HTTP/1.1",
    b"GET /%00 HTTP/1.1",
    b"G\xc9T / HTTP/1.1",
    b"get /healthz HTTP/1.1",
    b"POST /internal/v1/calls HTTP/1.1",
    b"GET /" + b"a" * 9_000 + b" HTTP/1.1",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)
_ODD_LINES: Final = (
    _LENGTH,
    _LENGTH + _LENGTH,
    b"content-length: 0x1b\r\n",
    b"content-length: -1\r\n",
    b"content-length: +27\r\n",
    b"content-length: 99999999999999999999999\r\n",
    b"content-length: " + b"9" * 5_000 + b"\r\n",
    _LENGTH + b"transfer-encoding: chunked\r\n",
    b"transfer-encoding: gzip, chunked\r\n",
    b"transfer-encoding: chunked, identity\r\n",
    b"transfer-encoding: \x0bchunked\r\n",
    _LENGTH + b" folded: header\r\n",
    b"no colon\r\n",
    _LENGTH + b"name : blank\r\n",
    _LENGTH + b"nul: \x00\r\n",
    _LENGTH + b"bare: a\nb: c\r\n",
    _LENGTH + b"cr: a\rb\r\n",
    _LENGTH + b"expect: 100-continue\r\n",
    _LENGTH + b"upgrade: h2c\r\nconnection: upgrade\r\n",
    _LENGTH + b"big: " + b"x" * 70_000 + b"\r\n",
    _LENGTH + b"h: v\r\n" * 2_000,
    _LENGTH + b"traceparent: \xff\r\n",
    _LENGTH + b"host: other\r\n",
)


@st.composite
def _odd_heads(draw: st.DrawFn) -> CallerScript:
    """Unusual request lines, headers, keys and framing. Expects an answer or a closed
    connection."""
    anonymous = draw(st.booleans())
    authorization = draw(st.sampled_from(_ANONYMOUS)) if anonymous else _AUTHORIZATION
    line, lines = draw(st.sampled_from(_LINES)), draw(st.sampled_from(_ODD_LINES))
    end = draw(st.sampled_from((b"\r\n",) * 5 + (b"\n", b"")))
    body = draw(st.sampled_from((_BODY, _BODY, b"", _chunked(_BODY, 5), b"5\r\nab", b"x" * 30_000)))
    head = line + b"\r\nhost: gateway\r\n" + authorization + b"traceparent: 00-" + TRACE
    head += (
        b"-00f067aa0ba902b7-01\r\n" + lines + draw(st.sampled_from((b"", b"connection: close\r\n")))
    )
    ending: Ending = draw(
        st.sampled_from(("half_close", "half_close", "half_close", "leave", "abort"))
    )
    return CallerScript(
        head + end + body, (), 0.0, ending, certain=False, complete=False, anonymous=anonymous
    )
