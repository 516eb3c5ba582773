"""Payloads of every dialect are shown as the same messages, whatever they contain."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.traces.hostile import PAYLOADS
from features.traces.test_messages import hostile
from penstock.entrypoints.gateway.extensions import built_in_surfaces
from penstock.entrypoints.server.dialects import DIALECTS as SHOWN
from penstock.features.traces.content import ContentReader
from penstock.features.traces.messages import MAX_PARTS, Message, text_of
from penstock.features.traces.neutral_content import (
    DialectReader,
    answer_messages,
    request_messages,
)
from penstock.features.traces.wire_messages import SpanMessage
from penstock.infra.registry import Registry
from penstock.rules.call import Operation
from penstock.rules.neutral.answer import WholeAnswer
from penstock.rules.neutral.collector import events_of
from penstock.rules.neutral.conversation import (
    Citation,
    Conversation,
    Media,
    MediaKind,
    MessageRole,
    Other,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from penstock.rules.neutral.conversation import Message as NeutralMessage
from penstock.spi.chat import ChatProvider, ProviderConfig
from rules.conversations import answers, conversations
from rules.dialects import DIALECTS, Dialect

# OpenAI's neutral readers are tested under another name, because its payloads are shown without.
READER = ContentReader(
    {
        **SHOWN,
        **{
            f"neutral {one.name}": DialectReader(one.read, one.plugin.read_events)
            for one in DIALECTS
        },
    }
)
EACH = pytest.mark.parametrize("dialect", DIALECTS, ids=[one.name for one in DIALECTS])


def names_of(dialect: Dialect) -> tuple[str, str]:
    """As the product shows it, and by its neutral readers."""
    return dialect.name, f"neutral {dialect.name}"


def meaning(messages: Iterable[Message]) -> list[tuple[Any, ...]]:
    """What is shown: roles and parts, without the order of reasoning and without media types."""
    found: list[tuple[Any, ...]] = []
    for message in messages:
        SpanMessage.model_validate(message, strict=True, extra="forbid")
        for part in message["parts"]:
            said = part.get("content") or part.get("arguments") or _texts(part.get("response"))
            if part["type"] != "text" or said.strip():  # some dialects have no empty texts
                found.append((message["role"], part["type"], part.get("name", ""), said))
    return found


def _texts(response: Any) -> str:
    if isinstance(response, list):
        return "".join(one.get("text") or one.get("content") or "" for one in response)
    return response or ""


@EACH
@given(conversation=conversations())
def test_a_request_of_every_dialect_is_shown_alike(
    dialect: Dialect, conversation: Conversation
) -> None:
    plain = msgspec.structs.replace(conversation, output=None, reasoning=None, stop=())
    body = dialect.write(plain).body.decode()
    for name in names_of(dialect):
        asked = READER.request(body, name)
        assert meaning(asked.messages) == meaning(request_messages(plain))
        shown = [tool.get("name") or tool.get("function", {}).get("name") for tool in asked.tools]
        assert len(shown) == len(plain.tools)
        if plain.max_output_tokens:
            assert asked.attributes["gen_ai.request.max_tokens"] == plain.max_output_tokens
        assert READER.input_preview(body, name) == text_of(asked.messages[-1])[:200]


@EACH
@given(answer=answers())
def test_an_answer_of_every_dialect_is_shown_alike(dialect: Dialect, answer: WholeAnswer) -> None:
    body = dialect.surface.render_answer(events_of(answer), dialect.name).decode()
    expected = answer_messages(events_of(answer), dialect.name)
    for name in names_of(dialect):
        shown = READER.answer(body, name)
        assert meaning(shown) == meaning(expected)
        assert [one.get("finish_reason") for one in shown] == [expected[0]["finish_reason"]]
        assert READER.output_preview(body, name) == text_of(shown[0])[:200]


@EACH
@given(conversation=conversations())
def test_pointers_lead_to_the_media_in_the_request(
    dialect: Dialect, conversation: Conversation
) -> None:
    body = dialect.write(_without_stop(conversation)).body.decode()
    inline = [
        part.data
        for message in conversation.messages
        for part in message.parts
        if isinstance(part, Media)
    ]
    for name in names_of(dialect):
        found = [
            _at(json.loads(body), part["uri"].removeprefix("request:#"))
            for message in READER.request(body, name).messages
            for part in message["parts"]
            if part["type"] == "uri"
        ]
        assert [one.rpartition(",")[2] for one in found] == inline


def _without_stop(conversation: Conversation) -> Conversation:
    """Not every dialect has stop sequences."""
    return msgspec.structs.replace(conversation, stop=())


def _at(value: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def shown(*parts: Any, role: MessageRole = MessageRole.USER) -> list[Message]:
    messages = request_messages(Conversation(messages=(NeutralMessage(role, parts),)))
    for message in messages:
        SpanMessage.model_validate(message, strict=True, extra="forbid")
    return messages


def test_results_of_tools_are_messages_of_their_own() -> None:
    picture = Media(MediaKind.IMAGE, "image/png", url="https://x.example/a.png")
    found = shown(
        ToolResult("c1", (Text("rain"),)),
        ToolResult("c2", (Text("see"), picture), is_error=True),
        Text("and?"),
    )
    image = {"type": "uri", "modality": "image", "mime_type": "image/png", "uri": picture.url}
    assert found == [
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
        {
            "role": "tool",
            "parts": [
                {
                    "type": "tool_call_response",
                    "id": "c2",
                    "response": [{"type": "text", "content": "see"}, image],
                    "is_error": True,
                }
            ],
        },
        {"role": "user", "parts": [{"type": "text", "content": "and?"}]},
    ]


def test_every_kind_of_part_is_shown() -> None:
    cited = Text("It rains.", (Citation(url="https://x.example", title="Weather"),))
    [message] = shown(
        Reasoning("hm", signature="s"),
        cited,
        Refusal("no"),
        ToolCall("c1", "weather", '{"city":"Ulm"}'),
        ToolCall("c2", "weather", '{"city":"U'),
        Media(MediaKind.DOCUMENT, file_id="file-1"),
        Media(MediaKind.DOCUMENT, "text/plain", text="a document"),
        Other("acme", "part", b'{"type":"hologram"}'),
        role=MessageRole.ASSISTANT,
    )
    source = {"url": "https://x.example", "title": "Weather"}
    assert message["parts"] == [
        {"type": "reasoning", "content": "hm"},
        {"type": "text", "content": "It rains.", "citations": [source]},
        {"type": "refusal", "content": "no"},
        {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Ulm"}},
        {"type": "tool_call", "id": "c2", "name": "weather", "arguments": '{"city":"U'},
        {"type": "file", "modality": "file", "file_id": "file-1"},
        {"type": "text", "content": "a document"},
        {"type": "unparsed", "content": {"type": "hologram"}},
    ]


def test_a_message_of_any_size_is_cut() -> None:
    found = shown(*[Text("a")] * (MAX_PARTS + 1))
    assert sum(len(message["parts"]) for message in found) <= MAX_PARTS
    assert found[-1]["parts"][0]["type"] == "cut"


DIALECT_NAMES = (*SHOWN, *(f"neutral {one.name}" for one in DIALECTS))


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
@given(payload=hostile.map(json.dumps) | PAYLOADS.map(lambda raw: raw.decode("utf-8", "replace")))
def test_no_payload_whatever_its_shape_raises(dialect: str, payload: str) -> None:
    for message in [*READER.request(payload, dialect).messages, *READER.answer(payload, dialect)]:
        SpanMessage.model_validate(message, strict=True, extra="forbid")
    assert len(READER.input_preview(payload, dialect)) <= 200
    assert len(READER.output_preview(payload, dialect)) <= 200


@settings(max_examples=30)
@given(st.data(), st.sampled_from(DIALECTS), conversations(), answers())
def test_a_payload_that_is_cut_is_shown_as_it_is(
    data: st.DataObject, dialect: Dialect, conversation: Conversation, answer: WholeAnswer
) -> None:
    asked = dialect.write(_without_stop(conversation)).body.decode()
    replied = dialect.surface.render_answer(events_of(answer), dialect.name).decode()
    for name in names_of(dialect):
        for payload, read in ((asked, _request), (replied, READER.answer)):
            cut = payload[: data.draw(st.integers(1, len(payload) - 1))]
            [message] = read(cut, name)
            assert message["parts"] == [{"type": "unparsed", "content": cut}]


def _request(payload: str, dialect: str) -> list[Message]:
    return READER.request(payload, dialect).messages


def test_an_error_of_a_provider_is_no_message() -> None:
    error = json.dumps({"type": "error", "error": {"message": "overloaded"}})
    assert [READER.answer(error, name) for name in ("openai", "unknown")] == [[], []]
    assert READER.answer('{"a": 1}', "unknown")[0]["parts"][0]["type"] == "unparsed"


def test_every_dialect_of_a_surface_or_a_provider_is_shown() -> None:
    kinds = Registry[ChatProvider]("penstock.providers")
    asked = {
        surface.dialect
        for surface in built_in_surfaces()
        if any(route.operation == Operation.CHAT for route in surface.routes)
    }
    own = ProviderConfig("openai", "https://api.openai.com/v1")
    answered = {
        plugin.for_dialect(dialect, own, "m").dialect
        for plugin in map(kinds.get, kinds.names())
        for dialect in ("", *asked)
    }
    assert answered - {"openai"} == {name for name, reader in SHOWN.items() if reader.answer}
    assert asked - {"openai"} == {name for name, reader in SHOWN.items() if reader.request}
