"""Hostile answers of the Responses API: nothing grows without a limit, nothing raises unexpectedly,
and a stream that contradicts itself ends in one way."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.call import UsageSource
from penstock.rules.neutral.answer import (
    MAX_NAME_CHARS,
    AnswerEvent,
    AnswerStarted,
    ReasoningEnded,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from penstock.rules.neutral.collector import collect
from penstock.rules.neutral.conversation import Reasoning, Text, ToolCall
from penstock.rules.redaction import Redaction
from penstock.rules.wire.openai.usage import MAX_TOKENS
from penstock.rules.wire.responses.answer_reader import (
    MAX_OUTPUT_ITEMS,
    facts_in_tail,
    read_answer,
    read_events,
)
from penstock.rules.wire.responses.answer_writer import MAX_WRITTEN_CHARS, ResponseEventWriter
from penstock.rules.wire.responses.stream import ResponseStream
from penstock.rules.wire.responses.usage import read_usage

LIMIT = 2000  # of the capture
OVERHEAD = 128 * 1024  # what a document may have beside six bytes for each one captured
SECRET = "sk-provider-secret-canary"
ANY: st.SearchStrategy[Any] = (
    st.none() | st.integers() | st.booleans() | st.just([]) | st.just({}) | st.just("x" * 300)
)
LONG = st.sampled_from(["", "x", "é" * 500, "\x01" * 3000, "x" * 50_000])
INDEX = st.integers(-3, 30) | st.integers() | ANY
PART = st.fixed_dictionaries({"type": st.just("output_text")}, optional={"text": LONG | ANY})
ITEM = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "function_call", "reasoning", "web_search_call"])},
    optional={
        "id": LONG | ANY,
        "call_id": LONG | ANY,
        "name": LONG | ANY,
        "arguments": LONG | ANY,
        "content": st.lists(PART | ANY, max_size=2) | ANY,
        "summary": st.lists(PART | ANY, max_size=2) | ANY,
        "encrypted_content": LONG | ANY,
    },
)
RESPONSE = st.fixed_dictionaries(
    {},
    optional={
        "id": LONG | ANY,
        "model": LONG | ANY,
        "created_at": st.integers() | st.floats() | ANY,
        "status": LONG | st.sampled_from(["completed", "incomplete", "failed"]),
        "incomplete_details": st.just({"reason": "max_output_tokens"}) | ANY,
        "output": st.lists(ITEM | ANY, max_size=3) | ANY,
        "usage": st.dictionaries(LONG, LONG, max_size=2) | st.just({"input_tokens": -1}) | ANY,
        "tool_usage": ANY | st.just({"web_search": {"num_requests": 10**400}}),
        "service_tier": LONG | ANY,
        "error": st.just({"message": "no"}) | ANY,
    },
)
TYPES = st.sampled_from(
    [
        *("created", "in_progress", "queued", "output_item.added", "output_item.done"),
        *("output_text.delta", "refusal.delta", "reasoning_summary_text.delta"),
        *("reasoning_text.delta", "function_call_arguments.delta", "unknown"),
        "output_text.annotation.added",
    ]
).map(lambda name: f"response.{name}")
EVENT = st.fixed_dictionaries(
    {"type": TYPES},
    optional={
        "output_index": INDEX,
        "summary_index": INDEX,
        "delta": LONG | ANY,
        "item": ITEM | ANY,
        "annotation": ANY | st.just({"url": "u", "title": "t"}),
        "response": RESPONSE | ANY,
    },
)


def stream(*, translated: bool = False, secret: str = "") -> ResponseStream:
    redaction = Redaction(secret) if secret else Redaction()
    return ResponseStream(capture_limit=LIMIT, redaction=redaction, translated=translated)


def event(type_: str, **members: Any) -> bytes:
    document = json.dumps({"type": f"response.{type_}", **members})
    return f"event: response.{type_}\ndata: {document}\n\n".encode()


def done(**members: Any) -> bytes:
    return event("completed", response={"status": "completed", **members})


def read(*events: bytes) -> list[AnswerEvent]:
    """The neutral events of a stream that is complete."""
    through = stream(translated=True)
    through.feed(b"".join(events))
    assert through.done, through.failure
    return through.take_events()


@settings(max_examples=200)
@given(st.lists(EVENT, max_size=10), RESPONSE | ANY)
def test_any_events_end_in_one_way_and_the_record_has_a_size_limit(
    events: list[dict[str, Any]], last: Any
) -> None:
    through = stream(translated=True)
    writer = ResponseEventWriter("openai")
    for one in events:
        through.feed(b"data: " + json.dumps(one).encode() + b"\n\n")
        if through.failure is not None:
            break
        for each in through.take_events():
            json.loads(writer.write(each).rpartition(b"data: ")[2] or b"0")
    if through.failure is None:
        through.feed(
            b"data: "
            + json.dumps({"type": "response.completed", "response": last}).encode()
            + b"\n\n"
        )
    assert through.done != (through.failure is not None)
    document, facts = through.document(), through.facts
    assert len(document) <= 6 * LIMIT + OVERHEAD
    if document:
        json.loads(document)
    assert len(facts.id) <= MAX_NAME_CHARS >= len(facts.model)
    assert len("".join(facts.finish_reasons)) <= 64
    msgspec.msgpack.encode(facts)


@given(RESPONSE | ANY)
def test_any_document_is_an_answer_or_malformed(document: Any) -> None:
    body = json.dumps(document).encode()
    with contextlib.suppress(UpstreamFailed):
        msgspec.msgpack.encode(read_answer(body))
    with contextlib.suppress(UpstreamFailed):
        collect(read_events(body))


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_malformed(body: bytes) -> None:
    for document in (body, b'{"id":"' + body + b'"}', b'{"output":["' + body + b'"],"usage":{}}'):
        with contextlib.suppress(UpstreamFailed):
            msgspec.msgpack.encode(read_answer(document))
        with contextlib.suppress(UpstreamFailed):
            read_events(document)
        msgspec.msgpack.encode(facts_in_tail(document))


@pytest.mark.parametrize("count", [-1, MAX_TOKENS + 1, 10**400])
def test_impossible_counts_are_invalid(count: int) -> None:
    documents = (
        ({"input_tokens": count, "output_tokens": 1}, {}),
        ({"input_tokens": 1, "output_tokens_details": {"reasoning_tokens": count}}, {}),
        ({"input_tokens": 1}, {"web_search": {"num_requests": count}}),
    )
    for usage, tools in documents:
        found = read_usage(json.dumps(usage).encode(), json.dumps(tools).encode())
        if found is not None and count < 10**300:
            assert (found.source, found.input_tokens) == (UsageSource.INVALID, 0)


def test_too_many_items_are_malformed() -> None:
    through = stream()
    for index in range(MAX_OUTPUT_ITEMS):
        through.feed(event("output_text.delta", output_index=index, delta="x"))
    assert through.failure is None
    through.feed(event("output_text.delta", output_index=-1, delta="x"))
    assert through.failure is not None
    assert through.failure.code == "upstream_malformed"
    output = [{"type": "message"}] * (MAX_OUTPUT_ITEMS + 1)
    with pytest.raises(UpstreamFailed, match="too many items"):
        read_events(json.dumps({"status": "completed", "output": output}).encode())


def test_a_translated_stream_has_a_size_limit() -> None:
    writer = ResponseEventWriter("openai")
    writer.write(AnswerStarted("r", "m"))
    piece = "x" * (1024 * 1024)
    for _ in range(MAX_WRITTEN_CHARS // len(piece) - 1):
        writer.write(TextDelta(0, piece))
    with pytest.raises(UpstreamFailed, match="too large"):
        writer.write(TextDelta(0, piece))
    with pytest.raises(UpstreamFailed, match="too large"):
        write_calls(ResponseEventWriter("openai"), MAX_WRITTEN_CHARS)


def write_calls(writer: ResponseEventWriter, count: int) -> None:
    for number in range(count):
        writer.write(ToolCallStarted(0, number, "", ""))


def test_a_second_terminal_event_is_not_read() -> None:
    through = stream()
    first = done(id="r", usage={"input_tokens": 1, "output_tokens": 2})
    second = event("incomplete", response={"usage": {"input_tokens": 900}})
    assert through.feed(first + second) == b""
    assert (through.done, through.terminal) == (True, first)
    assert (through.facts.finish_reasons, through.facts.id) == (("completed",), "r")
    assert through.facts.usage is not None
    assert through.facts.usage.input_tokens == 1


def test_usage_before_the_end_does_not_count_twice() -> None:
    usage = {"input_tokens": 5, "output_tokens": 1}
    begun = event("in_progress", response={"id": "r", "usage": usage})
    events = read(begun, done(id="other", usage={"input_tokens": 7, "output_tokens": 2}))
    answer = collect(events)
    assert answer.usage is not None
    assert (answer.id, answer.usage.input_tokens, answer.usage.output_tokens) == ("r", 7, 2)


def test_gaps_and_repeated_items_lose_no_text_and_repeat_none() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    events = read(
        event("output_text.delta", output_index=7, delta="Ha"),
        event("output_item.done", output_index=9, item=call),
        event("output_item.done", output_index=9, item=call),
        event("output_item.added", output_index=9, item=call),
        event("output_text.delta", output_index=7, delta="llo"),
        event("output_item.done", output_index=7, item={"type": "message", "content": []}),
        done(output=[]),
    )
    parts = collect(events).choices[0].parts
    assert parts == (Text("Ha"), ToolCall("c", "f", "{}"), Text("llo"))


def test_arguments_without_the_begin_of_their_item_arrive_with_its_end() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'}
    events = read(
        event("function_call_arguments.delta", output_index=0, delta='{"a'),
        event("output_item.done", output_index=0, item=call),
        done(),
    )
    assert collect(events).choices[0].parts == (ToolCall("c", "f", '{"a":1}'),)


def test_what_was_not_streamed_is_read_from_the_terminal_event() -> None:
    text = {"type": "output_text", "text": "Hallo"}
    thought = {"type": "reasoning", "id": "rs", "summary": [{"text": "a"}, {"text": "b"}]}
    events = read(done(output=[thought, {"type": "message", "content": [text]}]))
    reasoning = Reasoning("a\n\nb", id="rs", summary=True)
    assert collect(events).choices[0].parts == (reasoning, Text("Hallo"))


def test_parts_of_a_summary_are_separate_paragraphs() -> None:
    delta = "reasoning_summary_text.delta"
    item = {"type": "reasoning", "id": "rs", "encrypted_content": "e"}
    events = read(
        event(delta, output_index=0, summary_index=0, delta="a"),
        event(delta, output_index=0, summary_index=1, delta="b"),
        event("output_item.done", output_index=0, item=item),
        done(),
    )
    assert collect(events).choices[0].parts[0] == Reasoning("a\n\nb", "", "e", "rs", "", True)
    assert ReasoningEnded(0, "", "e", "rs", summary=True) in events


@pytest.mark.parametrize(
    "last",
    [
        event("failed", response={"status": "failed", "error": {"message": "no"}}),
        b'event: error\ndata: {"type":"error","code":"c","message":"no","param":null}\n\n',
        b'data: {"type":"error","error":{"message":"no"}}\n\n',
    ],
)
def test_an_error_ends_the_stream_with_its_message(last: bytes) -> None:
    through = stream()
    assert through.feed(event("output_text.delta", delta="x") + last + done()).count(b"data:") == 1
    assert through.failure is not None
    assert through.failure.code == "upstream_stream_error"
    assert through.failure.message.endswith("no")
    assert through.document()


@pytest.mark.parametrize(
    "rest", [b"", b'data: {"type":"resp', b"event: response.completed\n", b": x"]
)
def test_a_stream_without_a_terminal_event_is_cut(rest: bytes) -> None:
    through = stream()
    through.feed(event("output_text.delta", delta="x") + rest)
    through.close()
    assert through.failure is not None
    assert through.failure.code == "upstream_cut"


def test_alternating_arguments_of_calls_are_written_to_their_items() -> None:
    writer = ResponseEventWriter("openai")
    events = [
        ToolCallStarted(0, 0, "a", "f"),
        ToolCallStarted(0, 1, "b", "g"),
        ToolArgumentsDelta(0, 0, "{"),
        ToolArgumentsDelta(0, 1, "["),
        ToolArgumentsDelta(0, 0, "}"),
        ToolArgumentsDelta(0, 1, "]"),
        ToolArgumentsDelta(0, 5, "nobody's"),
    ]
    written = [*(writer.write(each) for each in events), writer.end()]
    calls = collect(read(*written)).choices[0].parts
    assert calls == (ToolCall("a", "f", "{}"), ToolCall("b", "g", "[]"))


@pytest.mark.parametrize(
    "event",
    [
        b": SECRET\n\n",
        b'event: SECRET\ndata: {"type":"response.in_progress"}\n\n',
        b'data: {"type":"response.unknown","x":"SECRET"}\n\n',
        b'data: {"type":"error","message":"SECRET"}\n\n',
        b'data: {"type":"response.failed","response":{"error":{"message":"SECRET"}}}\n\n',
        b'data: {"type":"response.completed","response":{"x":"SECRET"}}\n\n',
    ],
)
def test_no_event_without_content_contains_our_credential(event: bytes) -> None:
    through = stream(secret=SECRET)
    out = through.feed(event.replace(b"SECRET", SECRET.encode()))
    through.close()
    assert through.failure is not None
    shown = out + through.terminal + through.failure.sentence().encode()
    assert SECRET.encode() not in shown
