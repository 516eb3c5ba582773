"""Bedrock's Converse API: what we write passes botocore's own validation, what botocore can decode
we decode alike."""

import base64
import itertools
import json
import struct
import zlib
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.rules.call import UsageSource
from penstock.rules.neutral.answer import FinishReason
from penstock.rules.neutral.collector import collect
from penstock.rules.neutral.conversation import (
    Conversation,
    Media,
    MediaKind,
    Message,
    MessageRole,
    Other,
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
from penstock.rules.wire.bedrock.answer_reader import read_events
from penstock.rules.wire.bedrock.answer_writer import write_answer
from penstock.rules.wire.bedrock.request_writer import write_request
from penstock.rules.wire.bedrock.stream import ConverseStream
from rules.conversations import conversations

SERVICE = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"


def validated(body: bytes) -> dict[str, Any]:
    """The request; fails if botocore would not send it."""
    found = json.loads(body)
    shape = SERVICE.operation_model("Converse").input_shape
    report = ParamValidator().validate({"modelId": MODEL, **_with_blobs(found)}, shape)
    assert not report.has_errors(), report.generate_report()
    return found


def _with_blobs(value: Any, name: str = "") -> Any:
    """botocore takes bytes where JSON has base64."""
    if isinstance(value, dict):
        return {key: _with_blobs(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_blobs(each) for each in value]
    return base64.b64decode(value) if name in ("bytes", "redactedContent") else value


@given(conversations())
def test_every_conversation_becomes_a_request_that_botocore_accepts(
    conversation: Conversation,
) -> None:
    found = validated(write_request(conversation, MODEL).body)
    roles = [message["role"] for message in found["messages"]]
    assert all(one != other for one, other in itertools.pairwise(roles))
    texts = [
        part.text
        for message in conversation.messages
        for part in message.parts
        if isinstance(part, Text) and not part.text.isspace()
    ]
    written = json.dumps([found.get("system"), found["messages"]])
    assert all(json.dumps(text) in written for text in texts)


def test_each_part_has_its_block() -> None:
    parts = (
        Media(MediaKind.DOCUMENT, "application/pdf", "cGRm", name="a b.pdf", citations=True),
        Media(MediaKind.DOCUMENT, "text/plain", text="plain"),
        Text("what?", cache="1h"),
        ToolResult("c1", (Text("no"), Media(MediaKind.IMAGE, "image/png", "aW1n")), is_error=True),
    )
    thinking = Reasoning("because", "sig", dialect="bedrock")
    hidden = Reasoning(encrypted="aGlk", dialect="bedrock")
    conversation = Conversation(
        (
            Message(MessageRole.SYSTEM, (Text("be brief"),)),
            Message(MessageRole.USER, (Text("go"),)),
            Message(MessageRole.ASSISTANT, (thinking, hidden, ToolCall("c1", "f", '{"n":1.50}'))),
            Message(MessageRole.USER, parts),
        ),
        tools=(Tool("f", "does", b'{"type":"object"}', strict=True), Tool("g")),
        tool_choice=ToolChoice(ToolMode.REQUIRED, ("f",)),
        output=OutputFormat(b'{"type":"object"}', "answer"),
        reasoning=ReasoningOptions("high", 2048, summary=True),
        temperature=1.5,
        stop=("END",),
    )
    body, changes = write_request(conversation, MODEL)
    assert b'"input":{"n":1.50}' in body
    found = validated(body)
    assert found["toolConfig"]["toolChoice"] == {"tool": {"name": "f"}}
    assert [tool["toolSpec"]["name"] for tool in found["toolConfig"]["tools"]] == ["f", "g"]
    assert found["inferenceConfig"] == {"temperature": 1.0, "stopSequences": ["END"]}
    assert found["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 2048
    kinds = [next(iter(block)) for block in found["messages"][2]["content"]]
    assert kinds == ["document", "document", "text", "cachePoint", "toolResult"]
    assert {f"{change.kind.value}:{change.field}" for change in changes} == {
        "changed:temperature",
        "dropped:reasoning.summary",
    }


@pytest.mark.parametrize(
    ("conversation", "param"),
    [
        (Conversation(choice_count=2), "choice_count"),
        (Conversation(tools=(Tool("f"),), parallel_tool_calls=False), "parallel_tool_calls"),
        (Conversation(output=OutputFormat()), "output.json"),
        (Conversation(others={"web_search_options": b"{}"}), "web_search_options"),
        (
            Conversation(
                (Message(MessageRole.USER, (Media(MediaKind.IMAGE, url="https://x.test/a"),)),)
            ),
            "media.url",
        ),
        (
            Conversation((Message(MessageRole.USER, (Other("openai", "part", b"{}", "at.1"),)),)),
            "at.1",
        ),
        (
            Conversation((Message(MessageRole.ASSISTANT, (ToolCall("c", "f", "[1]"),)),)),
            "tool_call.arguments",
        ),
    ],
)
def test_what_the_api_cannot_express_is_rejected_by_name(
    conversation: Conversation, param: str
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        write_request(conversation, MODEL)
    assert (raised.value.code, raised.value.param) == ("not_translatable", param)


def frame(kind: str, payload: object, message_type: str = "event") -> bytes:
    """One message of an event stream."""
    name = ":event-type" if message_type == "event" else ":exception-type"
    headers = b"".join(
        struct.pack(">B", len(key)) + key.encode() + struct.pack(">BH", 7, len(value)) + value
        for key, value in ((name, kind.encode()), (":message-type", message_type.encode()))
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack(">I", zlib.crc32(message))


def delta(block: int, **content: object) -> bytes:
    return frame("contentBlockDelta", {"contentBlockIndex": block, "delta": content})


def tool(block: int, id_: str, name: str) -> bytes:
    start = {"toolUse": {"toolUseId": id_, "name": name}}
    return frame("contentBlockStart", {"contentBlockIndex": block, "start": start})


def stop(block: int) -> bytes:
    return frame("contentBlockStop", {"contentBlockIndex": block})


USAGE = {
    "inputTokens": 5,
    "outputTokens": 7,
    "totalTokens": 20,
    "cacheReadInputTokens": 3,
    "cacheWriteInputTokens": 5,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 2}],
}
STREAM = [
    frame("messageStart", {"role": "assistant"}),
    delta(0, reasoningContent={"text": "hm"}),
    delta(0, reasoningContent={"signature": "s1"}),
    stop(0),
    delta(1, text="Grüße 👋"),
    stop(1),
    tool(2, "t1", "f"),
    tool(3, "t2", "g"),
    delta(3, toolUse={"input": '{"b":'}),
    delta(2, toolUse={"input": "{}"}),
    delta(3, toolUse={"input": "2}"}),
    frame("messageStop", {"stopReason": "tool_use"}),
    frame("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}}),
]
HUGE = struct.pack(">II", 1 << 30, 0)


def test_the_frames_of_these_tests_are_those_of_botocore() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(STREAM))
    kinds = [event.headers[":event-type"] for event in buffer]
    assert (kinds[0], kinds[-1], len(kinds)) == ("messageStart", "metadata", len(STREAM))


def opened() -> ConverseStream:
    return ConverseStream(capture_limit=1 << 20, redaction=Redaction("sk-secret-of-provider"))


@given(st.integers(1, 400))
def test_a_stream_is_read_for_every_split(size: int) -> None:
    body, stream = b"".join(STREAM), opened()
    events = []
    for at in range(0, len(body), size):
        assert stream.feed(body[at : at + size]) == b""
        events += stream.take_events()
    assert stream.done
    (choice,) = collect(events, "bedrock").choices
    assert choice.parts == (
        Reasoning("hm", "s1", dialect="bedrock"),
        Text("Grüße 👋"),
        ToolCall("t1", "f", "{}"),
        ToolCall("t2", "g", '{"b":2}'),
    )
    assert choice.reason is FinishReason.TOOL_CALLS
    usage = stream.facts.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (13, 7)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (3, 5)
    assert usage.cache_write_1h_tokens == 2
    assert stream.facts.finish_reasons == ("tool_use",)
    again = collect(read_events(stream.document()), "bedrock")
    assert again.choices[0].parts == choice.parts
    assert again.usage == usage


def test_the_record_is_an_answer_that_botocore_reads() -> None:
    stream = opened()
    stream.feed(b"".join(STREAM))
    shape = SERVICE.operation_model("Converse").output_shape
    response = {"body": stream.document(), "headers": {}, "status_code": 200}
    parsed = create_parser("rest-json").parse(response, shape)
    assert parsed["output"]["message"]["content"][1] == {"text": "Grüße 👋"}
    assert parsed["usage"]["inputTokens"] == 5


@pytest.mark.parametrize("cut", range(1, len(STREAM)))
def test_a_stream_that_ends_early_is_cut(cut: int) -> None:
    stream = opened()
    stream.feed(b"".join(STREAM[:cut]))
    stream.close()
    complete = cut == len(STREAM) - 1  # only the usage is missing
    assert (stream.done, stream.failure is None) == (complete, complete)


@given(st.binary(max_size=200), st.integers(0, len(STREAM)))
def test_damage_ends_a_stream_and_raises_nothing(noise: bytes, at: int) -> None:
    stream = opened()
    stream.feed(b"".join(STREAM[:at]) + noise + b"".join(STREAM[at:]))
    stream.close()
    assert stream.done != (stream.failure is not None)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (frame("throttlingException", {"message": "slow"}, "exception"), "upstream_stream_error"),
        (frame("messageStop", {"stopReason": 7}), "upstream_malformed"),
        (frame("metadata", {"x": "sk-secret-of-provider"}), "upstream_leaked_credential"),
        (HUGE + struct.pack(">I", zlib.crc32(HUGE)), "upstream_malformed"),
    ],
)
def test_errors_in_a_stream_have_their_code(message: bytes, code: str) -> None:
    stream = opened()
    stream.feed(STREAM[0] + message)
    assert stream.failure is not None
    assert stream.failure.code == code


def test_impossible_usage_is_invalid() -> None:
    stream = opened()
    usage = {"inputTokens": -1, "outputTokens": 2**60, "totalTokens": 0}
    stream.feed(STREAM[0] + frame("metadata", {"usage": usage}))
    found = stream.facts.usage
    assert found is not None
    assert found.source is UsageSource.INVALID


def test_an_answer_that_was_cut_inside_arguments_is_still_a_document() -> None:
    stream = opened()
    stream.feed(b"".join(STREAM[:-4]))
    document = json.loads(stream.document())
    assert document["output"]["message"]["content"][-1]["toolUse"]["input"] == '{"b":'
    assert write_answer(collect([])) != b""
