"""OpenAI payloads become OpenTelemetry messages, whatever they look like."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.features.traces.content import ContentReader
from penstock.features.traces.messages import text_of
from penstock.features.traces.neutral_content import NO_READERS
from penstock.features.traces.openai_content import (
    chat_text,
    chosen_text,
    input_messages,
    output_messages,
)
from penstock.features.traces.payload import MAX_VALUES
from penstock.features.traces.wire_messages import SpanMessage

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
# Dictionaries with the keys that the reader looks for, and anything in their places.
names = """
    role content name type text image_url input_audio file url
    data file_data tool_calls function arguments tool_call_id refusal reasoning_content choices
    message finish_reason input messages response_format tools stop function_call
""".split()  # noqa: SIM905 - easier to read
hostile = st.recursive(
    anything | st.sampled_from(["text", "image_url", "tool", "assistant", "file", "refusal"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names), inner, max_size=5)
    ),
    max_leaves=20,
)
READER = ContentReader(NO_READERS)
no_surrogates = st.text(st.characters(exclude_categories=["Cs"]))


def user(content: Any) -> list[dict[str, Any]]:
    return input_messages({"messages": [{"role": "user", "content": content}]})


def test_a_text_is_one_part() -> None:
    assert user("hi") == [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]


def test_a_linked_image_stays_a_link() -> None:
    [message] = user([{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}])
    assert message["parts"] == [
        {"type": "uri", "modality": "image", "uri": "https://x.example/a.png"}
    ]


def test_an_inline_image_points_into_the_raw_request() -> None:
    url = "data:image/png;base64,AAAA"
    [message] = user(
        [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": url}}]
    )
    assert message["parts"][1] == {
        "type": "uri",
        "modality": "image",
        "mime_type": "image/png",
        "uri": "request:#/messages/0/content/1/image_url/url",
    }


def test_inline_audio_has_its_format() -> None:
    [message] = user([{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}])
    assert message["parts"][0]["mime_type"] == "audio/wav"
    assert message["parts"][0]["uri"] == "request:#/messages/0/content/0/input_audio/data"


def test_an_uploaded_file_keeps_its_id() -> None:
    [message] = user([{"type": "file", "file": {"file_id": "file-1"}}])
    assert message["parts"] == [{"type": "file", "modality": "file", "file_id": "file-1"}]


def test_a_tool_call_has_its_arguments_parsed_and_a_result_names_the_call() -> None:
    function = {"name": "weather", "arguments": '{"city":"Ulm"}'}
    asked, answered = input_messages(
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "c1", "type": "function", "function": function}],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "rain"},
            ]
        }
    )
    assert asked["parts"] == [
        {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Ulm"}}
    ]
    assert answered["parts"] == [{"type": "tool_call_response", "id": "c1", "response": "rain"}]


def test_arguments_that_are_no_json_stay_as_they_are() -> None:
    call = {"function": {"name": "f", "arguments": '{"city":"U'}}
    [message] = input_messages({"messages": [{"role": "assistant", "tool_calls": [call]}]})
    assert message["parts"][0]["arguments"] == '{"city":"U'


def test_an_answer_has_reasoning_and_refusal_and_finish_reason() -> None:
    message = {"role": "assistant", "reasoning_content": "hm", "content": None, "refusal": "no"}
    assert output_messages({"choices": [{"message": message, "finish_reason": "stop"}]}) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "hm"},
                {"type": "refusal", "content": "no"},
            ],
            "finish_reason": "stop",
        }
    ]


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("a", [{"type": "text", "content": "a"}]),
        (["a", "b"], [{"type": "text", "content": "a"}, {"type": "text", "content": "b"}]),
        ([1, 2, 3], [{"type": "token_ids", "count": 3}]),
        ([[1], [2, 3]], [{"type": "token_ids", "count": 1}, {"type": "token_ids", "count": 2}]),
        (7, []),
    ],
)
def test_texts_to_embed_are_one_message_each(value: Any, parts: list[dict[str, Any]]) -> None:
    assert [
        part for message in input_messages({"input": value}) for part in message["parts"]
    ] == parts


def test_parameters_become_attributes_with_their_types() -> None:
    body = {
        "temperature": 0.5,
        "max_completion_tokens": 9,
        "stop": "END",
        "seed": 7,
        "response_format": {"type": "json_schema", "json_schema": {}},
        "tools": [{"type": "function", "function": {"name": "f"}}],
    }
    content = READER.request(json.dumps(body), "openai")
    assert content.attributes == {
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.seed": 7,
        "gen_ai.output.type": "json",
    }
    assert content.tools == body["tools"]


def test_a_parameter_of_any_size_is_cut() -> None:
    content = READER.request(json.dumps({"stop": "x" * 100_000}), "openai")
    assert content.attributes["gen_ai.request.stop_sequences"] == '["' + "x" * 4094


@pytest.mark.parametrize("payload", ["{", "[" * 100_000, '{"a": "\\ud800"}', "null", "\x00"])
def test_what_is_no_json_is_shown_as_it_is(payload: str) -> None:
    unparsed = [{"role": "unknown", "parts": [{"type": "unparsed", "content": payload}]}]
    for dialect in ("openai", "", "unknown"):
        assert READER.request(payload, dialect).messages == unparsed
        assert READER.answer(payload, dialect) == unparsed
        assert READER.input_preview(payload, dialect) == payload[:200]
        assert READER.output_preview(payload, dialect) == payload[:200]


def test_a_payload_of_millions_of_values_is_shown_as_it_is_and_takes_little_memory() -> None:
    payload = '{"messages": [' + "[]," * (MAX_VALUES + 1) + "[]]}"
    tracemalloc.start()
    messages = READER.request(payload, "openai").messages
    preview = READER.input_preview(payload, "openai")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert messages[0]["parts"][0] == {"type": "unparsed", "content": payload}
    assert preview == READER.output_preview(payload, "openai") == payload[:200]
    assert most < len(payload)


def test_nothing_captured_is_nothing_shown() -> None:
    for dialect in ("openai", "unknown"):
        assert not any(READER.request("", dialect))
        assert READER.answer("", dialect) == []
        assert READER.input_preview("", dialect) == READER.output_preview("", dialect) == ""


def test_previews_are_of_the_last_input_and_of_the_first_choice() -> None:
    asked = {"messages": [{"role": "user", "content": text} for text in ("first", "y" * 300)]}
    choices = [{"message": {"content": text}} for text in ("one", "two")]
    assert READER.input_preview(json.dumps(asked), "openai") == "y" * 200
    assert READER.input_preview(json.dumps({"input": ["first", "last"]}), "openai") == "last"
    assert READER.output_preview(json.dumps({"choices": choices}), "openai") == "one"


def test_a_preview_shows_reasoning_only_if_there_is_nothing_else() -> None:
    thought = {"reasoning_content": "hm"}
    for message, preview in ((thought | {"content": "yes"}, "yes"), (thought, "hm")):
        answer = json.dumps({"choices": [{"message": message}]})
        assert READER.output_preview(answer, "openai") == preview


@given(hostile, hostile)
def test_messages_of_any_payload_fit_their_declared_type(request: Any, response: Any) -> None:
    for message in [*input_messages(request), *output_messages(response)]:
        SpanMessage.model_validate(message, strict=True, extra="forbid")


@given(hostile, hostile)
def test_no_payload_whatever_its_shape_raises(request: Any, response: Any) -> None:
    asked, answered = json.dumps(request), json.dumps(response)
    for message in [*READER.request(asked, "").messages, *READER.answer(answered, "")]:
        assert isinstance(message["role"], str)
        assert all(isinstance(part["type"], str) for part in message["parts"])
    assert len(READER.input_preview(asked, "")) <= 200
    assert len(READER.output_preview(answered, "")) <= 200


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), no_surrogates)))
def test_every_role_and_text_survives_in_order(chat: list[tuple[str, str]]) -> None:
    request = {"messages": [{"role": role, "content": text} for role, text in chat]}
    kept = READER.request(json.dumps(request), "openai").messages
    assert [(m["role"], m["parts"][0]["content"]) for m in kept] == chat


@given(st.lists(st.lists(st.sampled_from(["image_url", "input_audio", "file"]), max_size=4)))
def test_pointers_lead_to_the_media_in_the_request(shape: list[list[str]]) -> None:
    fields = {"image_url": "url", "input_audio": "data", "file": "file_data"}
    request = {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": kind, kind: {fields[kind]: f"data:x/y;base64,{m}.{p}"}}
                    for p, kind in enumerate(kinds)
                ],
            }
            for m, kinds in enumerate(shape)
        ]
    }
    for m, message in enumerate(input_messages(request)):
        for p, part in enumerate(message["parts"]):
            found: Any = request
            for step in part["uri"].removeprefix("request:#/").split("/"):
                found = found[int(step)] if isinstance(found, list) else found[step]
            assert found == f"data:x/y;base64,{m}.{p}"


messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool"]), "content": st.text() | hostile},
    optional=dict.fromkeys(
        ("refusal", "reasoning_content", "reasoning", "tool_calls", "function_call", "name"),
        st.none() | st.just("") | hostile,
    ),
)


@given(hostile | messages)
def test_the_text_of_a_message_is_that_of_its_parts(message: Any) -> None:
    [whole] = input_messages({"messages": [message]})
    assert chat_text(message) == text_of(whole)


@given(hostile | st.fixed_dictionaries({"message": messages}, optional={"text": hostile}))
def test_the_text_of_a_choice_is_that_of_its_parts(choice: Any) -> None:
    [whole] = output_messages({"choices": [choice]})
    assert chosen_text(choice) == text_of(whole)
