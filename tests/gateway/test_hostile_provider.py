"""Whatever a provider writes to its socket, the call ends with an answer of a listed kind and one
record, our credential comes out nowhere, and the worker serves on.
"""

import asyncio
import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.conftest import Rig
from gateway.homes import PROJECT, SECRET
from gateway.http_client import Answer, call, metrics_token
from gateway.raw_upstream import STREAM_HEAD, Exchanged, Script, answers, chunk, unary
from penstock.rules.call import CallStatus, UsageSource, encode

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODES = {
    *("upstream_malformed", "upstream_cut", "upstream_connection_lost", "upstream_stream_error"),
    *("upstream_credential", "upstream_leaked_credential", "upstream_overloaded"),
    "upstream_timeout",
    *(f"upstream_{status}" for status in range(300, 600)),
}
ENCODED: dict[str, Callable[[str], str]] = {
    "plain": str,
    "other case": str.swapcase,
    "json": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "json here and there": lambda s: "".join(
        f"\\u{ord(c):04X}" if at % 3 else c for at, c in enumerate(s)
    ),
    "percent": lambda s: "".join(f"%{ord(c):02X}" for c in s),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 behind a byte": lambda s: base64.urlsafe_b64encode(b"k" + s.encode()).decode(),
    "base64 behind two": lambda s: base64.b64encode(b"k:" + s.encode() + b"!").decode(),
    "hexadecimal": lambda s: s.encode().hex(),
}
ASK = b'{"model":"hasty/small","messages":[]}'
STREAM = b'{"model":"hasty/small","stream":true,"messages":[]}'

HEADERS = st.sampled_from(
    [
        b"content-type: text/event-stream\r\n",
        b"content-type: application/json\r\n",
        b"content-type: \xff\r\n",
        b"content-length: 5\r\n",
        b"content-length: 0\r\n",
        b"content-length: -1\r\n",
        b"content-length: 99999999999999999999\r\n",
        b"transfer-encoding: chunked\r\n",
        b"transfer-encoding: gzip\r\n",
        b"content-encoding: gzip\r\n",
        b"connection: close\r\n",
        b"connection: upgrade\r\nupgrade: h2c\r\n",
        b"retry-after: " + b"9" * 5000 + b"\r\n",
        b"retry-after: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
        b"x-request-id: \xff\xfe\r\n",
        b"x-request-id: " + b"x" * 30_000 + b"\r\n",
        b"x-ratelimit-a: 1\r\n" * 500,
        b": no name\r\n",
        b" folded\r\n",
        b"no colon\r\n",
        b"a: b\x00c\r\n",
    ]
)
STATUS = st.sampled_from(
    b"200 OK|201 OK|204 No|299 ?|302 Found|400 No|401 No|404 No|429 No|500 No|503 No|599 No|"
    b"100 Go|101 Up|000 x|600 x|999 x|1000 x|-1 x||200".split(b"|")
)
BODY = st.sampled_from(
    [
        b"{}",
        b"[]",
        b"",
        b'"\xff"',
        b"<html>",
        b"[" * 3000,
        b'{"id":"\xff","choices":[]}',
        b'{"id":' + b"9" * 5000 + b"}",
        b'{"usage":{"prompt_tokens":18446744073709551616}}',
        b'{"usage":{"prompt_tokens":-5,"completion_tokens":1e30}}',
        b'{"usage":{"prompt_tokens":9007199254740992,"completion_tokens":9007199254740992}}',
        b'{"choices":[{"finish_reason":"' + b"x" * 40_000 + b'"}]}',
        b'{"error":{"message":"' + b"m" * 40_000 + b'","code":"\\ud800"}}',
        b'{"error":{"message":"no","code":{"a":[1]},"type":5,"param":null}}',
        b'{"error":"\xc3"}',
        b'{"model":"' + b"m" * 40_000 + b'","id":"\\u2028\\r"}',
        b'{"service_tier":"' + b"t" * 40_000 + b'"}',
        b'{"data":"' + b"x" * 200_000 + b'","usage":{"prompt_tokens":-1}}',
    ]
)
EVENT = st.sampled_from(
    [
        b"data: [DONE]\n\n",
        b"data:[DONE]\r\n\r\n",
        b"data:\n\n",
        b"data\n\n",
        b": ping\n\n",
        b"\xef\xbb\xbf\n\n",
        b"id: \xff\n\n",
        b"event: error\ndata: \xff\n\n",
        b"data: {}\n\n",
        b"data: 5\n\n",
        b"data: {bad\n\n",
        b'data: {"id":"\xff"}\n\n',
        b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n',
        b'data: {"choices":[{"index":-1,"delta":{"content":"x"}}]}\n\n',
        b'data: {"choices":[{"index":18446744073709551616,"finish_reason":"stop"}]}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":99999999999999999999}]}}]}\n\n',
        b'data: {"choices":[{"finish_reason":"' + b"y" * 30_000 + b'"}]}\n\n',
        b'data: {"choices":[],"usage":{"prompt_tokens":18446744073709551616}}\n\n',
        b'data: {"created":99999999999999999999999,"choices":[]}\n\n',
        b'data: {"error":{"message":"\xff"}}\n\n',
        b'data: {"error":null,"choices":[{"finish_reason":"stop"}]}\n\n',
        b"data: " + b"[" * 3000 + b"\n\n",
    ]
)


@st.composite
def wires(draw: st.DrawFn) -> list[bytes]:
    """The bytes that a provider writes, in pieces."""
    if draw(st.integers(0, 9)) == 0:
        whole = draw(st.binary(max_size=300))
    elif draw(st.booleans()):
        body = b"".join(draw(st.lists(EVENT, max_size=5)))
        size = draw(st.sampled_from([1, 3, 50, 100_000]))
        parts = [chunk(body[at : at + size]) for at in range(0, min(len(body), 2000 * size), size)]
        whole = STREAM_HEAD + b"".join(parts) + draw(st.sampled_from([b"0\r\n\r\n", b"", b"zz"]))
    elif draw(st.booleans()):
        status = draw(STATUS).decode("latin-1")
        whole = unary(draw(BODY), status, draw(HEADERS).decode("latin-1").replace("\0", ""))
    else:
        head = b"".join((b"HTTP/1.1 ", draw(STATUS), b"\r\n", *draw(st.lists(HEADERS, max_size=4))))
        whole = head + b"\r\n" + draw(BODY)
    whole = whole[: draw(st.none() | st.integers(0, len(whole)))]
    cut = draw(st.integers(0, len(whole)))
    return [whole[:cut], whole[cut:]]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(pieces=wires(), close=st.booleans(), ask=st.sampled_from([ASK, STREAM]))
async def test_every_answer_ends_with_a_listed_error_and_one_record(
    rig: Rig, pieces: list[bytes], close: bool, ask: bytes
) -> None:
    rig.answer(answers(*pieces, pause_s=0.001, close=close))
    answer = await call(rig.worker.url, ask)
    end = await rig.end_of(answer.trace_id)  # one, or it fails
    assert end.begin.project_id == PROJECT
    assert (end.status is CallStatus.OK) == (end.error_type == "")
    assert end.error_type == "" or end.error_type in CODES
    assert 200 <= answer.status <= 599
    if answer.status == 500 and end.error_type != "upstream_500":
        pytest.fail("a fault of ours")
    if end.status is not CallStatus.OK and answer.status >= 300:
        assert answer.error["code"] in CODES or answer.status < 500
    assert len(encode(end)) <= 2_000_000
    # Never sent again. A provider that still writes the answer before may not have read it at all
    # when the gateway gives up; then the call has failed.
    assert len(rig.upstream.seen) == 1 or (not rig.upstream.seen and end.error_type)


async def test_the_worker_still_serves_afterwards(rig: Rig) -> None:
    rig.answer(answers(unary(b'{"id":"x"}')))
    assert (await call(rig.worker.url)).status == 200
    page = (await call(rig.worker.url, b"", method="GET", path="/metrics", key=None)).body
    assert b'penstock_in_flight{worker="1"} 0' in page
    assert b'penstock_spool_full{worker="1"} 0' in page


@pytest.mark.parametrize("status", [b"204 No Content", b"205 Reset Content"])
@pytest.mark.parametrize("kind", [b"text/event-stream", b"application/json"])
async def test_a_status_without_content_is_an_error(rig: Rig, status: bytes, kind: bytes) -> None:
    """A stream that starts with such a status could not even end with an error."""
    rig.answer(answers(b"HTTP/1.1 %b\r\ncontent-type: %b\r\n\r\n" % (status, kind), close=True))
    answer = await call(rig.worker.url, STREAM)
    assert (answer.status, answer.error["code"]) == (502, "upstream_malformed")
    assert (await rig.end_of(answer.trace_id)).status is CallStatus.ERROR


async def test_an_interim_answer_with_content_is_malformed_at_once(rig: Rig) -> None:
    """The content of an interim answer is never read, so the caller would wait for it."""
    interim = b"HTTP/1.1 199 Soon\r\ncontent-length: 20000\r\n\r\n"
    rig.answer(answers(interim, b"x" * 20_000, pause_s=0.01, close=True))
    async with asyncio.timeout(10):
        answer = await call(rig.worker.url, ASK)
    assert (answer.status, answer.error["code"]) == (502, "upstream_malformed")
    await rig.end_of(answer.trace_id)


COUNTS = [
    ("18446744073709551616", UsageSource.INVALID),
    ("-5", UsageSource.INVALID),
    ("9007199254740993", UsageSource.INVALID),
    ("9007199254740992", UsageSource.PROVIDER),
]


@pytest.mark.parametrize(("count", "source"), COUNTS)
async def test_impossible_token_counts_are_recorded_as_invalid(
    rig: Rig, count: str, source: UsageSource
) -> None:
    rig.answer(answers(unary(b'{"usage":{"prompt_tokens":%b}}' % count.encode())))
    answer = await call(rig.worker.url)
    end = await rig.end_of(answer.trace_id)
    assert (end.status, end.usage.source) == (CallStatus.OK, source)
    assert end.cost == ""  # 9 * 10**15 tokens cost more than any call can


POSITIONS: dict[str, Callable[[str], bytes]] = {
    "error message": lambda s: unary(b'{"error":{"message":"no %b"}}' % s.encode(), "400 No"),
    "error code": lambda s: unary(b'{"error":{"message":"no","code":"%b"}}' % s.encode(), "404 No"),
    "error type": lambda s: unary(b'{"error":{"message":"n","type":"%b"}}' % s.encode(), "422 No"),
    "other member": lambda s: unary(
        b'{"error":{"message":"no","x":"%b"},"y":"%b"}' % (s.encode(), s.encode()), "429 No"
    ),
    "member name": lambda s: unary(b'{"message":"no","%b":1}' % s.encode(), "409 No"),
    "translated error": lambda s: unary(b'{"detail":"no %b"}' % s.encode(), "500 No"),
    "credential refused": lambda s: unary(b'{"error":"key %b"}' % s.encode(), "401 No"),
    "no JSON": lambda s: unary(b"<p>%b" % s.encode(), "400 No"),
    "no JSON in a good answer": lambda s: unary(b"<p>%b" % s.encode()),
    "error in a good answer": lambda s: unary(b'{"error":{"message":"%b"}}' % s.encode()),
    "reason phrase": lambda s: unary(b"{}", f"400 {s}"),
    **{
        f"header {name}": lambda s, name=name: unary(b"{}", headers=f"{name}: a {s}\r\n")
        for name in (
            *("x-request-id", "x-ratelimit-reset", "retry-after", "openai-processing-ms"),
            *("openai-version", "set-cookie", "content-language", "location"),
        )
    },
    "header name": lambda s: unary(b"{}", headers=f"x-ratelimit-{s}: 1\r\n"),
    "header of a refusal": lambda s: unary(
        b'{"error":"no"}', "400 No", f"x-request-id: {s}\r\nretry-after: {s}\r\n"
    ),
    "header of a stream": lambda s: (
        STREAM_HEAD[:-2]
        + f"x-request-id: {s}\r\n\r\n".encode()
        + chunk(b"data: [DONE]\n\n")
        + chunk(b"")
    ),
    "trailer": lambda s: (
        STREAM_HEAD + chunk(b"data: [DONE]\n\n") + f"0\r\nx-request-id: {s}\r\n\r\n".encode()
    ),
    "interim answer": lambda s: (
        f"HTTP/1.1 103 Hints\r\nx-request-id: {s}\r\n\r\n".encode() + unary(b"{}")
    ),
    "broken header": lambda s: f"HTTP/1.1 200 OK\r\n{s}\r\n\r\n".encode(),
    "status": lambda s: f"HTTP/1.1 {s}\r\n\r\n".encode(),
    **{
        f"stream {name}": lambda s, event=event: (
            STREAM_HEAD
            + b"".join(
                chunk(event.replace("SECRET", s).encode()[at : at + 9]) for at in range(0, 999, 9)
            ).replace(chunk(b""), b"")
            + chunk(b"")
        )
        for name, event in {
            "error": 'data: {"error":{"message":"no SECRET"}}\n\n',
            "error object": 'data: {"object":"error","message":"SECRET"}\n\n',
            "error event": 'event: error\ndata: {"detail":"SECRET"}\n\n',
            "error over lines": 'data: {"error":\ndata: "SECRET"}\n\n',
            "error name": "event: SECRET\ndata: {}\n\n",
            "comment": ": SECRET\n\n",
            "id": "id: SECRET\ndata: [DONE]\n\n",
            "odd chunk": 'data: {"note":"SECRET"}\n\n',
            "malformed": "data: SECRET\n\n",
        }.items()
    },
}


@pytest.mark.parametrize("position", POSITIONS)
async def test_our_credential_never_leaves_the_gateway(
    rig: Rig, position: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, encoding in ENCODED.items():
        wire = POSITIONS[position](encoding(SECRET))
        half = len(wire) // 2
        rig.answer(answers(wire[:half], wire[half:], pause_s=0.001, close=True))
        answer = await call(rig.worker.url, STREAM if "stream" in position else ASK)
        end = await rig.end_of(answer.trace_id)
        shown = _everything(answer) + repr(end) + "".join(capfd.readouterr())
        assert not _leaks(shown), (name, shown)
    token = metrics_token(rig.worker.home)  # shows all names
    page = await call(rig.worker.url, b"", method="GET", path="/metrics", key=token)
    assert b'provider="hasty"' in page.body
    assert not _leaks(page.body.decode())


def _everything(answer: Answer) -> str:
    body = answer.body.decode("utf-8", "replace")
    for line in [body, *(line.removeprefix("data: ") for line in body.splitlines())]:
        try:
            body += repr(json.loads(line))  # what escapes in it mean
        except ValueError:
            continue
    return repr(answer.headers) + body


def _leaks(shown: str) -> bool:
    """Searches each encoding separately; shares no code with the redaction."""
    low = shown.lower()
    return any(encoding(SECRET)[3:-4].lower() in low for encoding in ENCODED.values())


async def test_a_written_request_is_not_sent_again(rig: Rig) -> None:
    async def hang_up_on_the_second(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        if len(rig.upstream.seen) == 1:
            writer.write(unary(b"{}"))
            await writer.drain()
        else:
            writer.close()

    script: Script = hang_up_on_the_second
    rig.answer(script)
    assert (await call(rig.worker.url)).status == 200
    answer = await call(rig.worker.url)
    assert (answer.status, answer.error["code"]) == (502, "upstream_connection_lost")
    assert answer.headers["retry-after"] == "1"
    end = await rig.end_of(answer.trace_id)
    assert [attempt.error_type for attempt in end.attempts] == ["upstream_connection_lost"]
    assert len(rig.upstream.seen) == 2


async def test_a_long_or_dated_retry_after_becomes_seconds(rig: Rig) -> None:
    for value in ("9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"):
        for status, expected in (("429 No", 429), ("503 No", 503)):
            body = b'{"error":"slow down"}'
            rig.answer(answers(unary(body, status, f"retry-after: {value}\r\n")))
            answer = await call(rig.worker.url)
            assert (answer.status, answer.headers["retry-after"]) == (expected, "86400")
