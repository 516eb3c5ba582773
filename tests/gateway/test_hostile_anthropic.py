"""Whatever a provider of Anthropic's dialect writes, a call of either dialect ends with an answer
of a listed kind and one record, and our credential comes out nowhere.
"""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.conftest import Rig
from gateway.homes import SECRET, make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import STREAM_HEAD, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.call import CallStatus, UsageSource, encode

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODES = {
    *("upstream_malformed", "upstream_cut", "upstream_connection_lost", "upstream_stream_error"),
    *("upstream_leaked_credential", "upstream_timeout"),
}
CALLS = {
    "/v1/messages": b'{"model":"claude/opus","max_tokens":9,"stream":true,"messages":[]}',
    "/v1/chat/completions": b'{"model":"claude/opus","stream":true,"messages":[]}',
}


def event(kind: str, **members: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


def opened(index: object, kind: str = "text", **members: object) -> bytes:
    return event("content_block_start", index=index, content_block={"type": kind, **members})


def delta(index: object, kind: str, **members: object) -> bytes:
    return event("content_block_delta", index=index, delta={"type": kind, **members})


def stopped(reason: object = "end_turn", **usage: object) -> bytes:
    return event("message_delta", delta={"stop_reason": reason}, usage=usage)


BEGIN = event("message_start", message={"id": "m", "model": "x", "usage": {"input_tokens": 3}})
HELLO = delta(0, "text_delta", text="Hello")
CLOSE = event("content_block_stop", index=0)
STOP = event("message_stop")
GOOD = (BEGIN, opened(0), HELLO, CLOSE, stopped(output_tokens=2), STOP)
EVENT = st.sampled_from(
    [
        *GOOD,
        opened(1, "tool_use", id="t", name="f", input={}),
        opened(0, "tool_use", id="t" * 30_000, name="f\x00", input={"a": [1] * 5000}),
        opened(0, "thinking", thinking="hm", signature="s" * 30_000),
        opened(0, "redacted_thinking", data=None),
        opened(0, "server_tool_use", id="t", name="web_search", input={}),
        opened(0, "text", citations=[5, {"type": "char_location"}]),
        opened(0, "later_kind", x=1),
        opened(-1),
        opened(2**64),
        opened(None),
        delta(0, "input_json_delta", partial_json="{"),
        delta(0, "signature_delta", signature="s"),
        delta(0, "citations_delta", citation={"type": "page_location"}),
        delta(0, "later_delta", x=1),
        delta(7, "text_delta", text="x"),
        delta(0, "text_delta", text=5),
        stopped("max_tokens", output_tokens=-1),
        stopped("later_reason" * 3000, output_tokens=2**64),
        stopped(None, output_tokens=5, cache_creation={"ephemeral_1h_input_tokens": 2**53}),
        event("ping"),
        event("error", error={"type": "overloaded_error", "message": "busy" * 9000}),
        event("error"),
        event("later_event", x=[1] * 100),
        b"event: message_stop\ndata: {}\n\n",
        b"event: message_stop\n\n",
        b"data: {bad\n\n",
        b"data: 5\n\n",
        b"data: [DONE]\n\n",
        b'data: {"type":"message_start","message":{"id":"\xff"}}\n\n',
        b'data: {"type":"content_block_start","index":0,"content_block":' + b"[" * 3000 + b"\n\n",
        b": comment\n\n",
    ]
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def claude(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("hostile") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        own = provider(upstream.url, "claude", kind="anthropic", models=("opus",))
        make_home(home, [own])
        async with worker(home) as running:
            yield Rig(upstream, running)


def streamed(*events: bytes, size: int = 1000, end: bytes = b"0\r\n\r\n") -> tuple[bytes, ...]:
    sent = b"".join(events)
    pieces = (chunk(sent[at : at + size]) for at in range(0, len(sent), size))
    return (STREAM_HEAD, *pieces, end)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    events=st.lists(EVENT, max_size=7)
    | st.permutations(GOOD)
    | st.tuples(st.integers(0, len(GOOD)), EVENT).map(
        lambda one: [*GOOD[: one[0]], one[1], *GOOD[one[0] :]]
    ),
    size=st.sampled_from([1, 50, 100_000]),
    end=st.sampled_from([b"0\r\n\r\n", b"", b"zz"]),
    path=st.sampled_from(sorted(CALLS)),
)
async def test_every_stream_ends_with_a_listed_error_and_one_record(
    claude: Rig, events: list[bytes], size: int, end: bytes, path: str
) -> None:
    sent = b"".join(events)
    claude.answer(answers(*streamed(sent, size=max(size, len(sent) // 2000), end=end), close=True))
    answer = await call(claude.worker.url, CALLS[path], path=path)
    record = await claude.end_of(answer.trace_id)
    assert (record.status is CallStatus.OK) == (record.error_type == "")
    assert record.error_type in ("", *CODES)
    assert (answer.status, record.error_type) != (500, "internal_error")
    assert len(encode(record)) <= 2_000_000
    terminal = b"message_stop" if path == "/v1/messages" else b"[DONE]"
    if record.status is not CallStatus.OK and answer.status == 200:
        assert terminal not in answer.body[-60:]
        assert b"error" in answer.body


DISORDER = {
    "no start": GOOD[1:],
    "two starts": (BEGIN, *GOOD),
    "an index gap": (BEGIN, opened(1), *GOOD[2:]),
    "the same index twice": (BEGIN, opened(0), opened(0), *GOOD[2:]),
    "a delta of no block": (BEGIN, HELLO, *GOOD[1:]),
    "a delta of an ended block": (*GOOD[:4], HELLO, *GOOD[4:]),
    "a block that ends twice": (*GOOD[:4], CLOSE, *GOOD[4:]),
    "two stop reasons": (*GOOD[:5], stopped("max_tokens"), STOP),
    "a block after the stop reason": (*GOOD[:5], opened(1), STOP),
    "no stop reason": (*GOOD[:4], STOP),
    "another dialect": (b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n', b"data: [DONE]\n\n"),
    "a cut": GOOD[:4],
    "an error": (*GOOD[:3], event("error", error={"type": "api_error", "message": "broken"})),
}


@pytest.mark.parametrize("name", DISORDER)
@pytest.mark.parametrize("path", CALLS)
async def test_a_stream_out_of_order_ends_with_an_error(claude: Rig, name: str, path: str) -> None:
    claude.answer(answers(*streamed(*DISORDER[name]), close=True))
    answer = await call(claude.worker.url, CALLS[path], path=path)
    record = await claude.end_of(answer.trace_id)
    assert record.status is CallStatus.ERROR
    codes = {"a cut": "upstream_cut", "an error": "upstream_stream_error"}
    assert record.error_type == codes.get(name, "upstream_malformed")
    assert b"error" in answer.body


@pytest.mark.parametrize("path", CALLS)
async def test_usage_that_comes_several_times_counts_once(claude: Rig, path: str) -> None:
    again = event("message_delta", delta={}, usage={"output_tokens": 5, "input_tokens": 4})
    claude.answer(answers(*streamed(*GOOD[:5], again, STOP), close=True))
    ask = CALLS[path].replace(b"{", b'{"stream_options":{"include_usage":true},', 1)
    answer = await call(claude.worker.url, ask, path=path)
    record = await claude.end_of(answer.trace_id)
    assert (record.usage.input_tokens, record.usage.output_tokens) == (4, 5)
    if path != "/v1/messages":
        assert answer.body.count(b'"usage":{') == 1


@pytest.mark.parametrize("count", ["-5", "9007199254740993"])
async def test_impossible_counts_are_recorded_as_invalid(claude: Rig, count: str) -> None:
    usage = b'{"input_tokens":1,"cache_read_input_tokens":%b}' % count.encode()
    whole = b'{"type":"message","content":[],"stop_reason":"end_turn","usage":%b}' % usage
    claude.answer(answers(unary(whole)))
    path = "/v1/messages"
    answer = await call(claude.worker.url, CALLS[path].replace(b"true", b"false"), path=path)
    record = await claude.end_of(answer.trace_id)
    assert (record.status, record.usage.source) == (CallStatus.OK, UsageSource.INVALID)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"<html>",
        b'{"type":"message"}',
        b'{"type":"message","content":5}',
        b'{"type":"message","content":[5]}',
        b'{"type":"message","content":[{"type":"text","text":5}]}',
        b'{"type":"message","content":[{"type":"text"}],"stop_reason":7}',
        b'{"choices":[{"message":{"content":"x"}}]}',
        b"[" * 3000,
    ],
)
async def test_a_whole_answer_that_is_no_message_is_an_error(claude: Rig, body: bytes) -> None:
    claude.answer(answers(unary(body)))
    answer = await call(claude.worker.url, b'{"model":"claude/opus","messages":[]}')
    assert (answer.status, answer.error["code"]) == (502, "upstream_malformed")
    await claude.end_of(answer.trace_id)


LEAKS = {
    "start": event("message_start", message={"id": SECRET, "model": SECRET}),
    "ping": event("ping", note=SECRET),
    "usage": BEGIN + event("message_delta", delta={}, usage={"x": SECRET}),
    "error": BEGIN + event("error", error={"type": SECRET, "message": f"no {SECRET}"}),
    "stop": b"".join(GOOD[:5]) + event("message_stop", x=SECRET),
    "comment": f": {SECRET}\n\n".encode(),
    "later event": event("later", x=SECRET),
}


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.parametrize("path", CALLS)
async def test_our_credential_never_leaves_in_an_event_without_content(
    claude: Rig, name: str, path: str
) -> None:
    claude.answer(answers(*streamed(LEAKS[name], *GOOD), close=True))
    answer = await call(claude.worker.url, CALLS[path], path=path)
    record = await claude.end_of(answer.trace_id)
    assert SECRET not in answer.body.decode() + repr(record) + repr(answer.headers)
    assert record.status is CallStatus.ERROR


async def test_our_credential_never_leaves_in_a_rejection(claude: Rig) -> None:
    error = {"type": SECRET, "message": f"bad key {SECRET}", "details": {"error_code": SECRET}}
    document = json.dumps({"type": "error", "error": error, "request_id": SECRET}).encode()
    claude.answer(answers(unary(document, "400 No", f"request-id: {SECRET}\r\n")))
    for path, ask in CALLS.items():
        answer = await call(claude.worker.url, ask, path=path)
        record = await claude.end_of(answer.trace_id)
        assert answer.status == 400
        assert SECRET not in answer.body.decode() + repr(record) + repr(answer.headers)
