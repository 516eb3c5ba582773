"""OpenAI's format to the neutral form and back: nothing of the neutral form is lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.answer import (
    AnswerEvent,
    AnswerStarted,
    ChoiceFinished,
    FinishReason,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
)
from penstock.rules.call import Usage, UsageSource
from penstock.rules.conversation import Conversation, Message, MessageRole, Tool, ToolCall
from penstock.rules.redaction import Redaction
from penstock.rules.wire.openai.conversation import read_conversation, write_conversation
from penstock.rules.wire.openai.events import read_events
from penstock.rules.wire.openai.stream import ChatStream
from penstock.rules.wire.openai.writer import ChunkWriter, render_answer

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAME = st.text(min_size=1, max_size=8, alphabet="abcxyz_")
TOOL_CALLS = st.lists(st.builds(ToolCall, NAME, NAME, TEXT), max_size=3).map(tuple)
MESSAGES = st.lists(
    st.builds(Message, st.sampled_from([MessageRole.SYSTEM, MessageRole.USER]), TEXT)
    | st.builds(Message, st.just(MessageRole.ASSISTANT), TEXT, TOOL_CALLS)
    | st.builds(Message, st.just(MessageRole.TOOL), TEXT, st.just(()), NAME),
    max_size=5,
)
CONVERSATIONS = st.builds(
    Conversation,
    messages=MESSAGES.map(tuple),
    tools=st.lists(
        st.builds(Tool, NAME, TEXT, st.sampled_from([b"", b'{"type":"object"}'])), max_size=2
    ).map(tuple),
    max_output_tokens=st.none() | st.integers(1, 10_000),
    temperature=st.none() | st.floats(0, 2),
    top_p=st.none() | st.floats(0.1, 1),
    stop=st.lists(TEXT, max_size=2).map(tuple),
)


@given(CONVERSATIONS)
def test_a_conversation_survives_the_round_trip(conversation: Conversation) -> None:
    written = write_conversation(conversation, "m", stream=True, add_usage=True)
    assert read_conversation(written) == conversation


@pytest.mark.parametrize(
    ("member", "param"),
    [
        ('"response_format":{"type":"json_object"}', "response_format"),
        ('"tool_choice":"required"', "tool_choice"),
        ('"n":2', "n"),
        ('"unknown":1', "unknown"),
        ('"messages":[{"role":"user","content":[{"type":"image_url"}]}]', "messages.0.content"),
        ('"messages":[{"role":"narrator","content":"x"}]', "messages.0.role"),
    ],
)
def test_what_cannot_be_translated_is_rejected_by_name(member: str, param: str) -> None:
    rest = "" if "messages" in member else ',"messages":[]'
    with pytest.raises(InvalidRequest) as raised:
        read_conversation(f'{{"model":"m",{member}{rest}}}'.encode())
    assert raised.value.code == "not_translatable"
    assert raised.value.param == param


def test_hints_are_left_out() -> None:
    body = {"model": "m", "messages": [], "seed": 1, "user": "u", "store": True}
    assert read_conversation(json.dumps(body).encode()) == Conversation(())


ANSWERS = st.lists(
    st.builds(TextDelta, st.just(0), TEXT.filter(bool))
    | st.builds(ToolArgumentsDelta, st.just(0), st.integers(0, 2), TEXT.filter(bool)),
    max_size=8,
)


def an_answer(deltas: list[AnswerEvent], reason: FinishReason) -> list[AnswerEvent]:
    calls: list[AnswerEvent] = [ToolCallStarted(0, n, f"id{n}", f"tool{n}") for n in range(3)]
    usage = UsageReported(Usage(5, 7, cache_read_tokens=2, source=UsageSource.PROVIDER))
    return [AnswerStarted("c", "m", 1), *calls, *deltas, ChoiceFinished(0, reason), usage]


@given(ANSWERS, st.sampled_from(FinishReason), st.integers(1, 60))
def test_events_survive_the_round_trip_for_every_split(
    deltas: list[AnswerEvent], reason: FinishReason, size: int
) -> None:
    events = an_answer(deltas, reason)
    writer = ChunkWriter(wants_usage=True)
    sent = b"".join(writer.write(event) for event in events) + writer.end()
    stream = ChatStream(
        hide_usage=False,
        needs_done=True,
        capture_limit=1 << 20,
        redaction=Redaction(),
        translated=True,
    )
    found: list[AnswerEvent] = []
    for at in range(0, len(sent), size):
        stream.feed(sent[at : at + size])
        found += stream.take_events()
    assert stream.done
    assert found == events


@given(ANSWERS, st.sampled_from(FinishReason))
def test_a_whole_answer_has_the_events_of_the_stream(
    deltas: list[AnswerEvent], reason: FinishReason
) -> None:
    events = an_answer(deltas, reason)
    assert _joined(read_events(render_answer(events))) == _joined(events)


def _joined(events: list[AnswerEvent]) -> tuple[object, ...]:
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    arguments = ["", "", ""]
    for event in events:
        if isinstance(event, ToolArgumentsDelta):
            arguments[event.call] += event.arguments
    rest = [e for e in events if not isinstance(e, TextDelta | ToolArgumentsDelta)]
    return text, arguments, rest


def test_an_answer_of_another_shape_and_too_many_tool_calls_are_malformed() -> None:
    calls = [{"index": n, "id": "i", "function": {"name": "f"}} for n in range(1025)]
    many = {"choices": [{"index": 0, "message": {"tool_calls": calls}}]}
    for body in (b"[]", b"<p>", json.dumps(many).encode()):
        with pytest.raises(UpstreamFailed) as raised:
            read_events(body)
        assert raised.value.code == "upstream_malformed"
