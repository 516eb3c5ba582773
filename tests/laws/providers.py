"""A hostile provider: the bytes of its answer, in which pieces, and how it ends."""

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
    texts,
    weighted,
)

Ending = Literal["keep", "close", "abort", "half_close", "hang"]
"""`keep`: keeps the connection open. `hang`: sends nothing more, then resets it."""


@dataclass(frozen=True)
class ProviderScript:
    """The answer to one request. `early`: sent before the request body is read."""

    pieces: tuple[bytes, ...]
    pause_s: float
    ending: Ending
    early: bool


def answers() -> st.SearchStrategy[ProviderScript]:
    """A quarter of the answers is valid."""
    good, streams = st.sampled_from(GOOD), _framed(_streams(), _STREAM)
    return weighted((2, good), (3, streams), (3, _framed(_unary(), _JSON)))


# ---- bodies


@cache
def _count() -> Bytes:
    return weighted((3, st.integers(0, 500).map(lambda n: str(n).encode())), (1, numbers()))


@cache
def _usage() -> Bytes:
    details = members(
        {"cached_tokens": _count(), "audio_tokens": _count(), "reasoning_tokens": _count()}
    )
    return members(
        {
            "prompt_tokens": _count(),
            "completion_tokens": _count(),
            "prompt_tokens_details": details.map(object_of),
            "completion_tokens_details": details.map(object_of),
        }
    ).map(object_of)


@cache
def _tool_calls() -> Bytes:
    function = members({"name": texts(30), "arguments": st.one_of(texts(300), _deep_arguments())})
    call = members(
        {
            "index": weighted((4, st.just(b"0")), (1, _count())),
            "id": texts(20),
            "type": st.just(b'"function"'),
            "function": function.map(object_of),
        }
    )
    return arrays(call.map(object_of), 3)


@cache
def _deep_arguments() -> Bytes:
    """Deeply nested JSON inside a string."""
    return nested(600).map(lambda deep: json.dumps(deep.decode("latin-1")).encode())


@cache
def _content() -> Bytes:
    plain = st.just(b'"Hi."')
    return weighted((3, texts()), (1, nested(1_000)), (3, plain), (1, documents()))


@cache
def _choice(kind: str) -> Bytes:
    inner = members(
        {
            "role": st.just(b'"assistant"'),
            "content": _content(),
            "tool_calls": _tool_calls(),
        }
    )
    reason = weighted((4, st.sampled_from((b'"stop"', b'"length"', b"null"))), (1, texts(5_000)))
    index = weighted((4, st.just(b"0")), (1, _count()))
    return members({"index": index, kind: inner.map(object_of), "finish_reason": reason}).map(
        object_of
    )


@cache
def _document(kind: str) -> Bytes:
    return members(
        {
            "id": texts(50),
            "model": texts(300),
            "choices": arrays(_choice(kind), 3),
            "usage": _usage(),
            "service_tier": texts(20),
            "object": st.just(b'"chat.completion"'),
        }
    ).map(object_of)


@cache
def _errors() -> Bytes:
    inner = members(
        {"message": texts(2_000), "type": texts(20), "code": documents(), "param": texts(9)}
    )
    return st.one_of(
        members({"error": inner.map(object_of)}).map(object_of),
        members({"error": texts(), "message": texts(), "detail": documents()}).map(object_of),
    )


@cache
def _unary() -> Bytes:
    plain = weighted((6, _document("message")), (2, _errors()), (1, documents()))
    large = st.tuples(_document("message"), st.integers(60_000, 400_000)).map(
        lambda drawn: b'{"pad":"' + b"p" * drawn[1] + b'",' + drawn[0].removeprefix(b"{")
    )
    return weighted((12, plain), (1, large))


@cache
def _events() -> Bytes:
    data = weighted((8, _document("delta")), (1, _errors()), (1, documents()))
    ends = st.sampled_from((b"\n\n",) * 8 + (b"\r\n\r\n", b"\r\r", b"\n", b"\r\n\n", b"\n\r\n\r"))
    starts = st.sampled_from(
        (b"data: ",) * 10 + (b"data:", b"event: error\ndata: ", b"id: 1\ndata: ", b"Data: ", b"")
    )
    event = st.tuples(starts, data, ends).map(b"".join)
    odd = st.sampled_from(
        (
            b"\n\n",
            b"data:\n\n",
            b"data: \n\n",
            b": comment\n\n",
            b":" + b"c" * 10_000 + b"\n\n",
            b"\xef\xbb\xbf",
            b"data: [DONE]\n\n",
            b"data:[DONE]\n\n",
            b"data: [DONE]x\n\n",
            b"event: done\n\n",
            b"retry: 1\n\n",
            b"data: {\ndata: }\n\n",
            b"data",
            b"\x00",
            b"data: [DONE]\r\n\r\n",
            b"data: [DONE]",
        )
    )
    return weighted((4, event), (1, odd))


@cache
def _streams() -> Bytes:
    done = st.sampled_from((b"data: [DONE]\n\n",) * 6 + (b"", b"", b"data: [DONE]\n\ndata: {}\n\n"))
    return st.tuples(SPACES, st.lists(_events(), max_size=6).map(b"".join), done).map(b"".join)


# ---- heads and framing

_JSON: Final = b"application/json"
_STREAM: Final = b"text/event-stream"
_STATUSES: Final = st.sampled_from(
    (b"HTTP/1.1 200 OK",) * 14
    + tuple(
        b"HTTP/1.1 %d Whatever" % status
        for status in (
            *(100, 101, 102, 103, 199, 201, 202, 204, 205, 206, 226, 299, 300, 301, 302, 304, 307),
            *(400, 401, 402, 403, 404, 407, 408, 409, 413, 415, 418, 421, 422, 424, 425, 426, 429),
            *(431, 451, 499, 500, 501, 502, 503, 504, 505, 511, 529, 599, 600, 999),
        )
    )
    + (
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 200",
        b"HTTP/2.0 200 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 -1 X",
    )
    + (
        b"HTTP/1.1 20 OK",
        b"ICY 200 OK",
        b"HTTP/1.1 200 \xff\xfe",
        b"",
        b"\x15\x03\x01",
        b"HTTP/1.1 000 X",
    )
)
_HEADERS: Final = st.lists(
    st.sampled_from(
        (
            b"retry-after: 3\r\n",
            b"retry-after: " + b"9" * 5_000 + b"\r\n",
            b"retry-after: -1\r\n",
            b"retry-after: 1e9\r\n",
            b"retry-after: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
            "retry-after: ²\r\n".encode("latin-1"),
            b"x-request-id: \xff\xfe\r\n",
            b"x-request-id: a\r\n",
            b"x-ratelimit-remaining: " + b"x" * 9_000 + b"\r\n",
            b"content-encoding: gzip\r\n",
            b"set-cookie: a=b\r\n",
            b"connection: close\r\n",
            b"connection: upgrade\r\nupgrade: h2c\r\n",
            b"transfer-encoding: identity\r\n",
            b"x-a: 1\r\n" * 500,
            b"x-big: " + b"b" * 100_000 + b"\r\n",
            b"openai-version: \x01\r\n",
            b"no colon\r\n",
            b"x-nul: \x00\r\n",
            b" folded\r\n",
            b"trailer: x\r\n",
            b"content-type: text/event-stream\r\n",
            b"content-type: \xff\r\n",
            b"keep-alive: timeout=0\r\n",
        )
    ),
    max_size=2,
).map(b"".join)
_FRAMINGS: Final = st.sampled_from(
    ("length",) * 8
    + ("chunked",) * 8
    + ("until close", "until close", "short", "long", "twice", "both", "negative", "huge")
    + ("bad chunk", "cut chunk", "trailers", "extensions", "no end")
)


@st.composite
def _framed(draw: st.DrawFn, bodies: Bytes, usual: bytes) -> ProviderScript:
    body, framing = draw(bodies), draw(_FRAMINGS)
    kind = draw(
        st.sampled_from((usual,) * 9 + (_STREAM, _JSON, b"text/html", b"TEXT/EVENT-STREAM"))
    )
    lines, sent = _frame(framing, body)
    status = draw(_STATUSES)
    head = status + b"\r\ncontent-type: " + kind + b"\r\n" + draw(_HEADERS) + lines + b"\r\n"
    interim = draw(st.sampled_from((b"",) * 12 + (_INTERIM, _INTERIM * 20)))
    endings = ("keep",) * 4 + ("close", "close", "abort", "half_close", "hang")
    ending: Ending = draw(st.sampled_from(endings))
    if ending == "keep" and (status.startswith(b"HTTP/1.1 1") or framing not in _ENDED):
        ending = "close"  # else the gateway waits for the rest, and the test for the gateway
    pieces = _cut(interim + head + sent, draw(_CUTS))
    pause = draw(st.sampled_from((0.0, 0.0, 0.01)))
    return ProviderScript(pieces, pause, ending, early=draw(st.integers(0, 19)) == 0)


_ENDED: Final = ("length", "chunked", "trailers", "extensions")
_INTERIM: Final = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"


def _frame(framing: str, body: bytes) -> tuple[bytes, bytes]:
    """Returns the framing header lines and the framed body."""
    size = len(body)
    lengths = {
        "length": b"content-length: %d\r\n" % size,
        "short": b"content-length: %d\r\n" % max(size - 3, 0),
        "long": b"content-length: %d\r\n" % (size + 5),
        "twice": b"content-length: %d\r\ncontent-length: %d\r\n" % (size, size + 1),
        "negative": b"content-length: -5\r\n",
        "huge": b"content-length: %d\r\n" % 10**30,
        "until close": b"",
    }
    if framing in lengths:
        return lengths[framing], body
    both = lengths["length"] if framing == "both" else b""
    return both + b"transfer-encoding: chunked\r\n", _chunked(framing, body)


def _chunked(framing: str, body: bytes) -> bytes:
    match framing:
        case "bad chunk":
            return b"zz\r\n" + body + b"\r\n0\r\n\r\n"
        case "cut chunk":
            return b"%x\r\n" % (len(body) + 9) + body
        case "trailers":
            return _chunks(body)[:-2] + b"t: v\r\n" * 1_000 + b"\r\n"
        case "extensions":
            return b"%x;a=%b\r\n%b\r\n0\r\n\r\n" % (len(body), b"e" * 9_000, body)
        case "no end":
            return _chunks(body)[:-5]
        case _:
            return _chunks(body)


def _chunks(body: bytes) -> bytes:
    return (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"


_CUTS: Final = st.lists(st.floats(0, 1), max_size=4)


def _cut(data: bytes, places: list[float]) -> tuple[bytes, ...]:
    at = sorted({int(place * len(data)) for place in places} | {0, len(data)})
    return tuple(data[start:end] for start, end in pairwise(at))


def _good(body: bytes, kind: bytes) -> ProviderScript:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (kind, len(body))
    return ProviderScript((head + body,), 0.0, "keep", early=False)


_USAGE: Final = b'"usage":{"prompt_tokens":5,"completion_tokens":2}'
GOOD_BODY: Final = (
    b'{"id":"r","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi."},'
    b'"finish_reason":"stop"}],' + _USAGE + b"}"
)
GOOD_STREAM: Final = (
    b'data: {"id":"r","model":"m","choices":[{"index":0,"delta":{"content":"Hi."},'
    b'"finish_reason":"stop"}]}\n\ndata: {"id":"r","choices":[],'
    + _USAGE
    + b"}\n\ndata: [DONE]\n\n"
)
GOOD: Final = (_good(GOOD_BODY, _JSON), _good(GOOD_STREAM, _STREAM))
