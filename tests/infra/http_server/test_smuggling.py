"""Request smuggling: the server parses bytes as any proxy in front of it does, or rejects them."""

import asyncio
import itertools
import re
import socket

import httptools
import pytest
import uvloop
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.http_server.wire import HOST, Answer, chunked, get, post, serving, split
from penstock.infra.http_server import HttpLimits
from penstock.infra.http_server.head import CHUNKED, RequestRejected, find_end, parse_head

POST = b"POST / HTTP/1.1\r\n" + HOST
NEXT = get("/smuggled")
TE = b"Transfer-Encoding: chunked\r\n"
EMPTY = b"\r\n0\r\n\r\n"


def lengths(*values: bytes) -> bytes:
    return POST + b"".join(b"Content-Length: %b\r\n" % v for v in values) + b"\r\nabc"


MALFORMED = {
    "length and chunks": POST + b"Content-Length: 3\r\n" + TE + EMPTY,
    "chunks and length": POST + TE + b"Content-Length: 3\r\n" + EMPTY,
    "two lengths": lengths(b"3", b"4"),
    "the same length twice": lengths(b"3", b"3"),
    "a list of lengths": lengths(b"3, 3"),
    "a negative length": lengths(b"-3"),
    "a signed length": lengths(b"+3"),
    "a hexadecimal length": lengths(b"0x3"),
    "a fraction": lengths(b"3.0"),
    "a huge length": lengths(b"9" * 30),
    "an empty length": lengths(b""),
    "a length with a blank": lengths(b"1 2"),
    "a length in other digits": lengths("٣".encode()),
    "coding twice": POST + TE + TE + EMPTY,
    "coding with a blank": POST + b"Transfer-Encoding : chunked\r\n" + EMPTY,
    "coding in a list": POST + b"Transfer-Encoding: identity, chunked\r\n" + EMPTY,
    "coding twice in a list": POST + b"Transfer-Encoding: chunked, chunked\r\n" + EMPTY,
    "coding unknown": POST + b"Transfer-Encoding: xchunked\r\n" + EMPTY,
    "coding with a tab inside": POST + b"Transfer-Encoding: chun\tked\r\n" + EMPTY,
    "coding quoted": POST + b'Transfer-Encoding: "chunked"\r\n' + EMPTY,
    "coding with a parameter": POST + b"Transfer-Encoding: chunked;q=1\r\n" + EMPTY,
    "coding with a form feed": POST + b"Transfer-Encoding:\x0cchunked\r\n" + EMPTY,
    "coding folded": POST + b"Transfer-Encoding:\r\n chunked\r\n" + EMPTY,
    "coding in HTTP/1.0": b"POST / HTTP/1.0\r\n" + HOST + TE + EMPTY,
    "a line with LF only": POST + b"A: b\nContent-Length: 3\r\n\r\nabc",
    "a head with LF only": b"GET / HTTP/1.1\nHost: here\n\n",
    "a line with CR only": POST + b"A: b\rContent-Length: 3\r\n\r\nabc",
    "a CR before CR LF": POST + b"A: b\r\r\n\r\n",
    "a folded line": POST + b"A: b\r\n c\r\n\r\n",
    "a first field that is folded": b"GET / HTTP/1.1\r\n Host: here\r\n\r\n",
    "a blank before the colon": POST + b"A : b\r\n\r\n",
    "a field without a colon": POST + b"Abc\r\n\r\n",
    "a field without a name": POST + b": b\r\n\r\n",
    "a name that is no token": POST + b"A(b): c\r\n\r\n",
    "a name in other letters": POST + "Ä: c\r\n\r\n".encode(),
    "NUL in a name": POST + b"A\0: b\r\n\r\n",
    "NUL in a value": POST + b"A: b\0\r\n\r\n",
    "DEL in a value": POST + b"A: b\x7f\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "a host with a blank": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "a host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "another host in the target": b"GET http://there/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method in small letters": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method with a colon": b"GE:T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "two blanks": b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tab": b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "a blank in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a fragment": b"GET /#a HTTP/1.1\r\n" + HOST + b"\r\n",
    "other letters in the target": "GET /ä HTTP/1.1\r\n".encode() + HOST + b"\r\n",
    "a relative target": b"GET a HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tunnel": b"CONNECT here:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "no version": b"GET /\r\n" + HOST + b"\r\n",
    "a version in small letters": b"GET / http/1.1\r\n" + HOST + b"\r\n",
    "a blank after the version": b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n",
    "two empty lines ahead": b"\r\n\r\n" + get(),
    "a size that is no number": chunked(b"x\r\nabc\r\n0\r\n\r\n"),
    "a size with a sign": chunked(b"+3\r\nabc\r\n0\r\n\r\n"),
    "a size with a prefix": chunked(b"0x3\r\nabc\r\n0\r\n\r\n"),
    "a size with a blank": chunked(b"3 \r\nabc\r\n0\r\n\r\n"),
    "a size that is too large": chunked(b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n"),
    "no size": chunked(b"\r\nabc\r\n0\r\n\r\n"),
    "a size line with LF only": chunked(b"3\nabc\r\n0\r\n\r\n"),
    "a chunk that is too long": chunked(b"3\r\nabcd\r\n0\r\n\r\n"),
    "a chunk that ends with LF only": chunked(b"3\r\nabc\n0\r\n\r\n"),
    "an extension with CR": chunked(b"3;a\rb\r\nabc\r\n0\r\n\r\n"),
    "a long extension": chunked(b"3;" + b"a" * 2000 + b"\r\nabc\r\n0\r\n\r\n"),
    "many extensions": chunked(*[b"1;" + b"a" * 900 + b"\r\na\r\n"] * 30, b"0\r\n\r\n"),
    "a trailer without a colon": chunked(b"0\r\nabc\r\n\r\n"),
    "a trailer that is folded": chunked(b"0\r\nA: b\r\n c\r\n\r\n"),
    "many trailers": chunked(b"0\r\n", *[b"A: %b\r\n" % (b"b" * 1000)] * 30, b"\r\n"),
}
OTHERS = {
    "HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/0.9": (505, b"GET / HTTP/0.9\r\n" + HOST + b"\r\n"),
    "a long line": (414, b"GET /%b HTTP/1.1\r\n%b\r\n" % (b"a" * 20_000, HOST)),
    "a long field": (431, get("/", b"A: " + b"b" * 40_000)),
    "many fields": (431, get("/", *[b"A: b"] * 200)),
    "a large head": (431, get("/", *[b"A: " + b"b" * 10_000] * 7)),
    "another expectation": (417, get("/", b"Expect: tea")),
}
CASES = {name: (400, wire) for name, wire in MALFORMED.items()} | OTHERS


@pytest.mark.parametrize("case", CASES)
async def test_a_malformed_request_is_refused_and_nothing_after_it_is_served(case: str) -> None:
    status, wire = CASES[case]
    async with serving() as running:
        (answer,) = await running.ask(wire + NEXT)
        assert (answer.status, answer.headers["connection"]) == (status, "close")
        assert not running.seen.bodies
        assert all(scope["path"] == "/" for scope in running.seen.scopes)
        assert running.stats.bad_request_count == 1


async def send_in_cuts(wire: bytes, cuts: list[int]) -> list[Answer]:
    """Sends the pieces separately: client and server share the event loop."""
    loop = asyncio.get_running_loop()
    async with serving(half_close_s=5.0) as running:
        with socket.create_connection(("127.0.0.1", running.server.port)) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
            places = [0, *sorted(cut % len(wire) for cut in cuts), len(wire)]
            for begin, end in itertools.pairwise(places):
                if begin < end:
                    sock.send(wire[begin:end])
                    for _ in range(3):
                        await asyncio.sleep(0)
            sock.shutdown(socket.SHUT_WR)
            data = b""
            while piece := await asyncio.wait_for(loop.sock_recv(sock, 65536), 10):
                data += piece
            return split(data)


GOOD = [
    post(b"abc") + get("/x") + post(b""),
    b"\r\n" + chunked(b"3\r\nabc\r\n0\r\nA: b\r\n\r\n") + b"\r\n" + get("/2"),
    get("/1") + chunked(b"1;x=y\r\na\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n") + post(b"z" * 999),
]


@settings(max_examples=60)
@given(
    st.sampled_from([*GOOD, *(wire for name, (_, wire) in CASES.items() if len(wire) < 4000)]),
    st.lists(st.integers(0, 3000), max_size=8),
)
def test_the_answers_do_not_depend_on_packet_boundaries(wire: bytes, cuts: list[int]) -> None:
    def said(answers: list[Answer]) -> list[tuple[int, bytes]]:
        return [(answer.status, answer.body) for answer in answers]

    assert said(uvloop.run(send_in_cuts(wire, cuts))) == said(uvloop.run(send_in_cuts(wire, [])))


class Other:
    """The result of llhttp."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.url = b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.strip()))


ODD = [
    b" ",
    b"\t",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b":",
    b"\x0b",
    b"\x7f",
    b"\xff",
    b",",
    b"+",
    b"0x",
]
FIELDS = [
    b"Content-Length: 3",
    b"Content-Length: 03",
    b"Transfer-Encoding: chunked",
    b"A: b",
    b"A:",
    b"Transfer-Encoding: Chunked ",
    b"Connection: close",
    b"Host: here",
    b"X: \xff\t,",
    b"Expect: 100-continue",
]


@settings(max_examples=500)
@example(b"GET http://here/ HTTP/1.0", [b"Content-Length: 3"], [(b"+", 87), (b",", 194)])
@given(
    st.sampled_from([b"GET / HTTP/1.1", b"POST /a?b HTTP/1.1", b"GET http://here/ HTTP/1.0"]),
    st.lists(st.sampled_from(FIELDS), max_size=5),
    st.lists(st.tuples(st.sampled_from(ODD), st.integers(0, 200)), max_size=2),
)
def test_llhttp_parses_accepted_requests_identically(
    line: bytes, fields: list[bytes], odd: list[tuple[bytes, int]]
) -> None:
    """Other parsers may accept more; they parse what this one accepts in the same way."""
    wire = b"\r\n".join([line, b"Host: here", *fields, b"", b""])
    for bit, place in odd:
        at = place % len(wire)
        wire = wire[:at] + bit + wire[at:]
    limits = HttpLimits()
    try:
        end = find_end(wire, 0, limits)
        head = parse_head(wire[: end + 2], limits)
    except RequestRejected:
        return
    other = Other()
    parser = httptools.HttpRequestParser(other)
    parser.feed_data(wire[: end + 4])
    assert parser.get_method().decode() == head.method
    assert parser.get_http_version() == f"1.{head.minor_version}"
    target = re.sub(rb"^https?://[^/?]+", b"", other.url, flags=re.IGNORECASE)
    assert target in {head.raw_path, head.raw_path + b"?" + head.query}
    assert other.headers == head.headers
    assert (head.length == CHUNKED) == any(name == b"transfer-encoding" for name, _ in head.headers)
