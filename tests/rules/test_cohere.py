"""Cohere's chat API: requests, whole answers, streams. The shapes are those of its SDK's types."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.plugins.providers.cohere import create
from penstock.rules.call import UsageSource
from penstock.rules.neutral.answer import FinishReason
from penstock.rules.neutral.collector import collect
from penstock.rules.neutral.conversation import (
    Citation,
    Conversation,
    Hint,
    Media,
    MediaKind,
    Message,
    MessageRole,
    OutputFormat,
    Reasoning,
    ReasoningOptions,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMode,
    ToolResult,
)
from penstock.rules.redaction import Redaction
from penstock.rules.wire.cohere.answer_reader import read_events
from penstock.rules.wire.cohere.request_writer import write_request
from penstock.rules.wire.sse_stream import NeutralStream
from rules.conversations import conversations
from rules.dialects import HEAD, PROVIDER


def event(kind: str, index: int | None = None, **rest: object) -> bytes:
    """One event of a stream."""
    found = {"type": kind, **({} if index is None else {"index": index}), **rest}
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps(found).encode())


def message(**content: object) -> dict[str, object]:
    return {"message": content}


USAGE = {
    "billed_units": {"input_tokens": 5.0, "output_tokens": 7.0},
    "tokens": {"input_tokens": 71.0, "output_tokens": 9.0},
    "cached_tokens": 3.0,
}
CALL = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}}
CITATION = {"start": 0, "end": 5, "text": "Grüße", "sources": [{"type": "document", "id": "d1"}]}
STREAM = [
    event("message-start", id="m1", delta=message(role="assistant", content=[], tool_calls=[])),
    event("content-start", 0, delta=message(content={"type": "thinking", "thinking": "h"})),
    event("content-delta", 0, delta=message(content={"thinking": "m"})),
    event("content-end", 0),
    event("content-start", 1, delta=message(content={"type": "text", "text": ""})),
    event("content-delta", 1, delta=message(content={"text": "Grüße 👋"})),
    event("citation-start", 0, delta=message(citations=CITATION)),
    event("citation-end", 0),
    event("content-end", 1),
    event("tool-call-start", 0, delta=message(tool_calls=CALL)),
    event("tool-call-delta", 0, delta=message(tool_calls={"function": {"arguments": '{"a":'}})),
    event("tool-call-delta", 0, delta=message(tool_calls={"function": {"arguments": "1}"}})),
    event("tool-call-end", 0),
    event("message-end", delta={"finish_reason": "TOOL_CALL", "usage": USAGE}),
]


def opened() -> NeutralStream:
    return create().open_stream(
        PROVIDER, HEAD, capture_limit=1 << 20, redaction=Redaction("sk-of-ours"), translated=True
    )


@given(st.integers(1, 300))
def test_a_stream_is_read_for_every_split(size: int) -> None:
    body, stream, events = b"".join(STREAM), opened(), []
    for at in range(0, len(body), size):
        stream.feed(body[at : at + size])
        events += stream.take_events()
    assert stream.done
    (choice,) = collect(events, "cohere").choices
    assert choice.parts == (
        Reasoning("hm", dialect="cohere"),
        Text("Grüße 👋", (Citation(title="d1", cited_text="Grüße", start=0, end=5),)),
        ToolCall("t1", "f", '{"a":1}'),
    )
    assert choice.reason is FinishReason.TOOL_CALLS
    usage = stream.facts.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (5, 7, 3)
    assert (stream.facts.id, stream.facts.finish_reasons) == ("m1", ("TOOL_CALL",))
    assert collect(read_events(stream.document()), "cohere").choices[0].parts == choice.parts


@pytest.mark.parametrize("cut", range(len(STREAM)))
def test_a_stream_that_ends_early_is_cut(cut: int) -> None:
    stream = opened()
    stream.feed(b"".join(STREAM[:cut]))
    stream.close()
    assert stream.failure is not None
    assert stream.failure.code == "upstream_cut"


def test_an_error_at_the_end_of_a_stream_is_reported() -> None:
    stream = opened()
    stream.feed(STREAM[0] + event("message-end", delta={"finish_reason": "ERROR", "error": "no"}))
    assert stream.failure is not None
    assert (stream.failure.code, "no" in stream.failure.message) == ("upstream_stream_error", True)


def test_impossible_usage_is_invalid_and_another_shape_is_malformed() -> None:
    body = {"id": "x", "message": {}, "usage": {"billed_units": {"input_tokens": -1.0}}}
    usage = collect(read_events(json.dumps(body).encode())).usage
    assert usage is not None
    assert usage.source is UsageSource.INVALID
    for wrong in (b"[]", b"{}", b'{"message":1}', b"<p>"):
        with pytest.raises(UpstreamFailed):
            read_events(wrong)


@given(conversations())
def test_every_conversation_can_be_written(conversation: Conversation) -> None:
    found = json.loads(write_request(conversation, "command", stream=True).body)
    results = [one["tool_call_id"] for one in found["messages"] if one["role"] == "tool"]
    asked = [
        part.call_id
        for one in conversation.messages
        for part in one.parts
        if isinstance(part, ToolResult)
    ]
    assert results == asked
    assert found["stream"] is True


def test_each_option_has_its_member() -> None:
    conversation = Conversation(
        (
            Message(MessageRole.SYSTEM, (Text("be brief"),)),
            Message(
                MessageRole.USER, (Text("see"), Media(MediaKind.IMAGE, "image/png", data="aW1n"))
            ),
        ),
        tools=(Tool("f", "does", b'{"type":"object"}', strict=True), Tool("g")),
        tool_choice=ToolChoice(ToolMode.REQUIRED, ("f",)),
        output=OutputFormat(b'{"type":"object"}', "answer"),
        reasoning=ReasoningOptions(budget=500),
        max_output_tokens=9,
        temperature=1.5,
        top_p=0.5,
        stop=("END",),
    )
    body, changes = write_request(conversation, "command", stream=False)
    found = json.loads(body)
    assert found["messages"][1]["content"][1]["image_url"]["url"] == "data:image/png;base64,aW1n"
    del found["messages"]
    assert found == {
        "model": "command",
        "stream": False,
        "tools": [
            {
                "type": "function",
                "function": {"name": "f", "description": "does", "parameters": {"type": "object"}},
            }
        ],
        "tool_choice": "REQUIRED",
        "strict_tools": True,
        "response_format": {"type": "json_object", "json_schema": {"type": "object"}},
        "thinking": {"type": "enabled", "token_budget": 500},
        "max_tokens": 9,
        "temperature": 1.0,
        "p": 0.5,
        "stop_sequences": ["END"],
    }
    assert [f"{change.kind.value}:{change.field}" for change in changes] == ["changed:temperature"]


@pytest.mark.parametrize(
    ("conversation", "param"),
    [
        (Conversation(choice_count=2), "choice_count"),
        (Conversation(tools=(Tool("f"),), parallel_tool_calls=False), "parallel_tool_calls"),
        (Conversation(others={"audio": b"{}"}), "audio"),
        (
            Conversation(
                (Message(MessageRole.USER, (Media(MediaKind.AUDIO, "audio/wav", "aW1n"),)),)
            ),
            "media",
        ),
    ],
)
def test_what_the_api_cannot_express_is_rejected_by_name(
    conversation: Conversation, param: str
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        write_request(conversation, "command", stream=False)
    assert (raised.value.code, raised.value.param) == ("not_translatable", param)


def test_the_model_list_is_that_of_version_1() -> None:
    request = create().build_model_list(PROVIDER)
    assert request.url == "http://provider.test/v1/v1/models?endpoint=chat&page_size=1000"
    assert create().read_model_list(b'{"models":[{"name":"command-a"}]}') == ("command-a",)
    with pytest.raises(UpstreamFailed):
        create().read_model_list(b"[]")


@pytest.mark.parametrize(("top_p", "sent"), [(1.0, 0.99), (0.0, 0.01), (0.5, 0.5)])
def test_values_beyond_coheres_limits_become_these_limits(top_p: float, sent: float) -> None:
    penalties = {Hint.FREQUENCY_PENALTY: b"-1.5", Hint.PRESENCE_PENALTY: b"0.25"}
    asked = Conversation((Message(MessageRole.USER, (Text("Hi"),)),), top_p=top_p, hints=penalties)
    body, changes = write_request(asked, "command-a", stream=False)
    found = json.loads(body)
    assert (found["p"], found["frequency_penalty"], found["presence_penalty"]) == (sent, 0, 0.25)
    changed = {"frequency_penalty", *(["top_p"] if sent != top_p else [])}
    assert {change.field for change in changes} == changed
