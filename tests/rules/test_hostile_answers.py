"""Hostile answers of a provider: nothing grows without a limit, nothing raises unexpectedly."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.attempts.retry_after import MAX_RETRY_AFTER_S, read_retry_after
from penstock.rules.call import UsageSource
from penstock.rules.neutral.answer import MAX_NAME_CHARS
from penstock.rules.redaction import Redaction
from penstock.rules.wire.head import read_head
from penstock.rules.wire.openai.chunks import Assembly, Chunk
from penstock.rules.wire.openai.facts import MAX_CHOICES, read_answer
from penstock.rules.wire.openai.stream import ChatStream
from penstock.rules.wire.openai.usage import MAX_TOKENS, read_usage
from penstock.rules.wire.provider_errors import MAX_CODE_CHARS, MAX_MESSAGE_CHARS, read_error
from penstock.rules.wire.sse_stream import MAX_EVENT_BYTES

LIMIT = 2000  # of the capture
OVERHEAD = 128 * 1024  # what a document may have beside six bytes for each one captured
LONG = st.sampled_from(["", "x", "é" * 500, "\x01" * 3000, "x" * 100_000])
INDEX = st.none() | st.integers(-3, 300) | st.integers()
FUNCTION = st.fixed_dictionaries({}, optional={"name": LONG, "arguments": LONG})
TOOL = st.fixed_dictionaries(
    {}, optional={"index": INDEX, "id": LONG, "type": LONG, "function": FUNCTION}
)
DELTA = st.fixed_dictionaries(
    {},
    optional={
        "role": LONG,
        "content": LONG,
        "refusal": LONG,
        "reasoning": LONG,
        "tool_calls": st.lists(TOOL, max_size=3) | st.just([{"index": i} for i in range(1000)]),
        "function_call": FUNCTION,
    },
)
CHOICE = st.fixed_dictionaries({}, optional={"index": INDEX, "delta": DELTA, "finish_reason": LONG})
CHUNK = st.fixed_dictionaries(
    {},
    optional={
        "id": LONG,
        "model": LONG,
        "created": st.integers(),
        "service_tier": LONG,
        "choices": st.lists(CHOICE, max_size=4)
        | st.just([{"index": i, "finish_reason": "y" * 9000} for i in range(500)]),
        "usage": st.dictionaries(LONG, LONG, max_size=2) | st.just({"prompt_tokens": -1}),
    },
)
HUGE = st.integers() | st.sampled_from([2**53, 2**53 + 1, 2**63, 2**64, -1, 10**400])


def stream() -> ChatStream:
    return ChatStream(hide_usage=False, needs_done=True, capture_limit=LIMIT, redaction=Redaction())


@settings(max_examples=200)
@given(st.lists(CHUNK, max_size=8))
def test_an_assembled_stream_has_a_size_limit(chunks: list[dict[str, Any]]) -> None:
    through = stream()
    for chunk in chunks:
        through.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    document, facts = through.assembly.document(), through.assembly.facts
    assert len(document) <= 6 * LIMIT + OVERHEAD
    if document:
        json.loads(document)
    assert len(facts.id) <= MAX_NAME_CHARS >= len(facts.model)
    assert len(facts.finish_reasons) <= MAX_CHOICES
    assert len("".join(facts.finish_reasons)) <= 64 * MAX_CHOICES
    msgspec.msgpack.encode(facts)


def test_long_finish_reasons_do_not_enlarge_the_record() -> None:
    assembly = Assembly(128 * 1024)
    for index in range(8):
        choice = {"index": index, "delta": {}, "finish_reason": "x" * 3_500_000}
        assembly.add(msgspec.convert({"choices": [choice]}, Chunk))
    assert len(assembly.document()) < 2000


@given(HUGE, HUGE, HUGE)
def test_impossible_counts_are_invalid(given: int, made: int, cached: int) -> None:
    document = {
        "prompt_tokens": given,
        "completion_tokens": made,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    usage = read_usage(json.dumps(document).encode())
    assert usage is not None
    counts = (given, made, cached)
    if all(0 <= count <= MAX_TOKENS for count in counts):
        found = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens)
        assert (found, usage.source) == (counts, UsageSource.PROVIDER)
    else:
        assert usage.source is UsageSource.INVALID
        assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (0, 0, 0)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_malformed(body: bytes) -> None:
    for document in (body, b'{"id":"' + body + b'"}', b'{"x":["' + body + b'"],"usage":{}}'):
        with contextlib.suppress(UpstreamFailed):
            msgspec.msgpack.encode(read_answer(document))
            document.decode()
        read_error(document, Redaction())


@given(st.binary(max_size=100), st.sampled_from(["model", "x", "stream"]))
def test_any_bytes_are_a_request_or_an_invalid_one(body: bytes, name: str) -> None:
    for document in (body, b'{"model":"m","%b":"' % name.encode() + body + b'"}'):
        for size in (0, 5000):
            with contextlib.suppress(InvalidRequest):
                msgspec.msgpack.encode(read_head(document + b" " * size))


@pytest.mark.parametrize("size", [0, 5000])
@pytest.mark.parametrize("value", [b"\xff", b"\xed\xa0\x80", b"abc\xc3"])
def test_invalid_utf_8_in_a_model_is_reported_with_its_position(value: bytes, size: int) -> None:
    with pytest.raises(InvalidRequest, match=r"invalid UTF-8 at line 1, column \d+") as caught:
        read_head(b'{"model":"' + value + b'"}' + b" " * size)
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize(
    "data",
    [
        b'{"choices":[{"delta":{"content":"\xff"}}]}',
        b'{"id":"\xff"}',
        b'{"unknown":"\xff"}',
        b'{"unknown":{"\xff":1}}',
        b'{"choices":5,"x":"\xff"}',
        b"[" * 5000,
        b'{"choices":' + b"[" * 5000,
    ],
)
def test_a_chunk_with_invalid_utf_8_is_malformed(data: bytes) -> None:
    through = stream()
    assert through.feed(b"data: " + data + b"\n\n") == b""
    assert through.failure is not None
    assert through.failure.code == "upstream_malformed"


@pytest.mark.parametrize(
    "line", [b"data:\n\n", b"data: \n\n", b"data:\r\n\r\n", b"data:\ndata:\n\n"]
)
def test_an_empty_event_does_not_end_a_stream(line: bytes) -> None:
    good = b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'
    through = stream()
    assert through.feed(line + good + line + b"data: [DONE]\n\n") == good
    assert through.done


def test_an_event_in_small_pieces_takes_linear_time_and_memory() -> None:
    through = stream()
    piece = b"data: " + b"x" * 60
    for _ in range(MAX_EVENT_BYTES // len(piece)):  # quadratic copying would take minutes
        assert through.feed(piece) == b""
    assert through.failure is None
    through.feed(piece * 10)
    assert through.failure is not None


@given(st.text("0123456789 ,:GMTFriDec-+", max_size=80) | st.text(max_size=40))
def test_any_retry_after_is_a_bounded_number_or_none(text: str) -> None:
    found = read_retry_after(text.encode("utf-8", "replace"), 1_800_000_000.0)
    assert found is None or 0 <= found <= MAX_RETRY_AFTER_S


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"7", 7),
        (b" 0 ", 0),
        (b"9" * 5000, MAX_RETRY_AFTER_S),
        (b"Fri, 15 Jan 2027 08:00:30 GMT", 30),
        (b"Wed, 21 Oct 2015 07:28:00 GMT", 0),
        (b"Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER_S),
        (b"-5", None),
        (b"soon", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: bytes, seconds: int | None) -> None:
    assert read_retry_after(value, 1_800_000_000.0) == seconds


def test_a_provider_error_has_a_size_limit() -> None:
    body = {"error": {"message": "m" * 9000, "code": "c" * 9000, "type": 5, "param": ["x"]}}
    error = read_error(json.dumps(body).encode(), Redaction())
    assert (len(error.message), len(error.code)) == (MAX_MESSAGE_CHARS, MAX_CODE_CHARS)
    assert (error.type, error.param) == ("5", "")


@pytest.mark.parametrize(
    "event",
    [
        b": SECRET\n\n",
        b'id: SECRET\ndata: {"choices":[{"delta":{}}]}\n\n',
        b'event: SECRET\ndata: {"choices":[{"delta":{}}]}\n\n',
        b'data: {"note":"SECRET"}\n\n',
        b'data: {"choices":[],"usage":{"x":"SECRET"}}\n\n',
        b'data: {"error":{"message":"SECRET"}}\n\n',
        b'data: {"object":"error","message":"SECRET"}\n\n',
        b'event: error\ndata: {"detail":"SECRET"}\n\n',
        b"data: [DONE]\nid: SECRET\n\n",
    ],
)
def test_no_event_without_content_contains_our_credential(event: bytes) -> None:
    secret = b"sk-provider-secret-canary"
    through = ChatStream(
        hide_usage=False, needs_done=True, capture_limit=100, redaction=Redaction(secret.decode())
    )
    out = through.feed(event.replace(b"SECRET", secret))
    through.close()
    assert through.failure is not None
    shown = out + through.terminal + through.failure.sentence().encode()
    assert secret not in shown
