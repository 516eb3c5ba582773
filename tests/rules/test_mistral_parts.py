"""Mistral's answers whose content is a list of parts, and its parts in requests. The documents are
made by Mistral's own types."""

import json
from typing import Any

import pytest
from mistralai.client.models import AssistantMessage, TextChunk, ThinkChunk, UserMessage

from judges.mistral_calls import MISTRAL
from penstock.kernel.errors import UpstreamFailed
from penstock.plugins.providers.openai_compatible import create
from penstock.rules.neutral.answer import AnswerEvent, ReasoningDelta, TextDelta
from penstock.rules.neutral.conversation import (
    Conversation,
    Media,
    MediaKind,
    Message,
    MessageRole,
    Reasoning,
    Text,
)
from penstock.rules.redaction import Redaction
from penstock.rules.wire.openai.answer_reader import read_events
from penstock.spi.chat import OutgoingCall
from rules.dialects import HEAD, PROVIDER

PARTS = [
    ThinkChunk(thinking=[TextChunk(text="Hm"), TextChunk(text=", ja.")]),
    TextChunk(text="Grüße"),
    TextChunk(text=" 👋"),
]
CONTENT: Any = AssistantMessage(content=PARTS).model_dump(mode="json")["content"]


def said(events: list[AnswerEvent]) -> tuple[str, str]:
    """The reasoning and the text of an answer."""
    thought = "".join(each.text for each in events if isinstance(each, ReasoningDelta))
    return thought, "".join(each.text for each in events if isinstance(each, TextDelta))


def test_a_whole_answer_of_parts_keeps_text_and_reasoning() -> None:
    message = {"role": "assistant", "content": CONTENT}
    body = {"id": "a", "model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}
    assert said(read_events(json.dumps(body).encode())) == ("Hm, ja.", "Grüße 👋")


def test_a_stream_of_parts_keeps_text_and_reasoning() -> None:
    stream = create().open_stream(
        PROVIDER, HEAD, capture_limit=1 << 20, redaction=Redaction(), translated=True
    )
    for content in (*([part] for part in CONTENT), "!"):
        choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
        stream.feed(b"data: %b\n\n" % json.dumps({"id": "a", "choices": [choice]}).encode())
    stop = {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}
    stream.feed(b"data: %b\n\n" % json.dumps({"id": "a", "choices": [stop]}).encode())
    stream.feed(b"data: [DONE]\n\n")
    assert stream.done
    assert said(stream.take_events()) == ("Hm, ja.", "Grüße 👋!")
    message = json.loads(stream.document())["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("Hm, ja.", "Grüße 👋!")


def answer_with(content: Any) -> bytes:
    body = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    return json.dumps(body).encode()


@pytest.mark.parametrize("content", [[], [7], [{"type": "text"}], [{"thinking": 3}], [[{}]]])
def test_parts_of_another_shape_have_no_text(content: Any) -> None:
    assert said(read_events(answer_with(content))) == ("", "")


@pytest.mark.parametrize("content", [7, {"a": 1}, True])
def test_content_of_another_type_is_an_error_of_the_provider(content: Any) -> None:
    with pytest.raises(UpstreamFailed, match="not a chat answer"):
        read_events(answer_with(content))


def test_mistral_gets_its_own_parts() -> None:
    thought = Reasoning("Hm.", dialect="openai")
    link = Media(MediaKind.DOCUMENT, url="https://files.example/act.pdf", name="act.pdf")
    asked = Conversation(
        (
            Message(MessageRole.USER, (Text("Read."), link)),
            Message(MessageRole.ASSISTANT, (thought, Text("Done."))),
            Message(MessageRole.USER, (Text("Go on"),)),
        )
    )
    call = OutgoingCall("chat", "m", stream=False, body=b"", conversation=asked)
    built = create().build(MISTRAL.provider("http://127.0.0.1:1"), call)
    first, second, _ = json.loads(built.http.body)["messages"]
    assert built.changes == ()
    UserMessage.model_validate(first)
    assert first["content"][1] == {
        "type": "document_url",
        "document_url": "https://files.example/act.pdf",
        "document_name": "act.pdf",
    }
    assert AssistantMessage.model_validate(second).content == [
        ThinkChunk(thinking=[TextChunk(text="Hm.")]),
        TextChunk(text="Done."),
    ]
