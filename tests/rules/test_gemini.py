"""Gemini's dialect: spellings, every field of the official client's types, calls without ids,
reasoning of other vendors, schemas, counts, hostile answers."""

import base64
import contextlib
import json
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.plugins.providers.gemini import create
from penstock.plugins.surfaces.gemini import GeminiSurface
from penstock.rules.call import UsageSource
from penstock.rules.neutral.answer import (
    AnswerStarted,
    ChoiceFinished,
    FinishReason,
    ReasoningDelta,
    ReasoningEnded,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from penstock.rules.neutral.collector import collect
from penstock.rules.neutral.conversation import (
    Citation,
    Conversation,
    Message,
    MessageRole,
    Other,
    Reasoning,
    RequestHead,
    Text,
    ToolCall,
    ToolChoice,
    ToolMode,
    ToolResult,
)
from penstock.rules.redaction import Redaction
from penstock.rules.wire.gemini.answer_reader import GeminiChunkReader, read_events, read_facts
from penstock.rules.wire.gemini.answer_writer import GeminiChunkWriter, render_answer
from penstock.rules.wire.gemini.head import edit_models, read_head
from penstock.rules.wire.gemini.request_reader import read_request
from penstock.rules.wire.gemini.request_writer import write_request
from penstock.rules.wire.gemini.usage import read_usage, write_usage
from penstock.spi.chat import ProviderConfig
from rules.dialects import OPENAI

PATH = "/v1beta/models/up/small:generateContent"


def request(**members: Any) -> bytes:
    return json.dumps({"contents": [{"parts": [{"text": "?"}]}], **members}).encode()


def history(*contents: tuple[str, list[dict[str, Any]]]) -> bytes:
    return request(contents=[{"role": role, "parts": parts} for role, parts in contents])


def written(conversation: Conversation, model: str = "m") -> dict[str, Any]:
    return json.loads(write_request(conversation, model).body)


@pytest.mark.parametrize(
    ("wanted", "kept"), [(["TEXT"], []), (["TEXT", "IMAGE"], ["TEXT", "IMAGE"])]
)
def test_an_answer_as_text_is_the_default(wanted: list[str], kept: list[str]) -> None:
    found = read_request(request(generationConfig={"responseModalities": wanted}))
    others = found.others.get("generationConfig.responseModalities", b"[]")
    assert json.loads(others) == kept


@pytest.mark.parametrize("sent", ["-_-_AA==", "-_-_AA"])
def test_data_in_the_url_safe_alphabet_reaches_other_formats(sent: str) -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": sent}}
    found = read_request(request(contents=[{"role": "user", "parts": [part]}]))
    url = json.loads(OPENAI.write(found).body)["messages"][0]["content"][0]["image_url"]["url"]
    assert url == "data:image/png;base64,+/+/AA=="


def test_no_settings_of_safety_are_none() -> None:
    assert read_request(request(safetySettings=[])).others == {}


def test_both_spellings_are_read_and_camel_case_is_written() -> None:
    body = {
        "contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": "AA=="}}]}],
        "system_instruction": {"parts": [{"text": "s"}]},
        "generation_config": {"max_output_tokens": 5, "response_mime_type": "application/json"},
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"a_b": 1}}]}],
        "tool_config": {
            "function_calling_config": {"allowed_function_names": ["f"], "mode": "ANY"}
        },
    }
    sent = written(read_request(json.dumps(body).encode()))
    assert sent["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    ]
    assert sent["systemInstruction"] == {"parts": [{"text": "s"}]}
    expected = {"maxOutputTokens": 5, "responseMimeType": "application/json"}
    assert sent["generationConfig"] == expected
    [function] = sent["tools"][0]["functionDeclarations"]
    assert function["parametersJsonSchema"] == {"a_b": 1}
    calling = {"mode": "ANY", "allowedFunctionNames": ["f"]}
    assert sent["toolConfig"] == {"functionCallingConfig": calling}


@pytest.mark.parametrize(
    "body",
    [
        b'{"contents":[],"systemInstruction":{},"system_instruction":{}}',
        b'{"contents":[{"parts":[{"inlineData":{},"inline_data":{}}]}]}',
        b'{"contents":[],"generationConfig":{"topK":1,"top_k":2}}',
    ],
)
def test_a_field_in_two_spellings_is_rejected(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="two spellings"):
        read_request(body)


def test_the_model_of_a_body_is_never_another_one() -> None:
    assert read_head(PATH, b"alt=sse", request(model="models/other")).model == "up/small"
    for body in (
        request(model="models/other"),
        b'{"mod\\u0065l":"models/other"}',
        b'{"requests":[{"model":"models/other"},{"model":"x"}]}',
        b'{"generateContentRequest":{"model":"models/other"}}',
        b'{"generate_content_request":{"model":"models/other"}}',
    ):
        assert b"other" not in edit_models(body, "small")
        assert b"models/small" in edit_models(body, "small")
    text = request(note="model \u00e9")
    assert edit_models(text, "small") is text


@pytest.mark.parametrize(
    "shape", [types.GenerationConfig, types.Part, types.Tool, types.ToolConfig]
)
def test_every_field_of_the_official_types_is_kept_or_read(shape: Any) -> None:
    """An unknown value in each field comes back from a writer of the same dialect, or the field is
    one that the neutral form has."""
    known = {
        types.GenerationConfig: NEUTRAL_CONFIG,
        types.Part: {"text", "thought", "thoughtSignature"},
        types.Tool: {"functionDeclarations"},
        types.ToolConfig: {"functionCallingConfig"},
    }[shape]
    for name, field in shape.model_fields.items():
        alias = field.alias or name
        if alias in known:
            continue
        value = {"marker": alias}
        bodies = {
            types.GenerationConfig: request(generationConfig={alias: value}),
            types.Part: history(("user", [{alias: value}])),
            types.Tool: request(tools=[{alias: value}]),
            types.ToolConfig: request(toolConfig={alias: value}),
        }
        conversation = read_request(bodies[shape])
        assert json.dumps(value) in json.dumps(written(conversation)), alias
        with contextlib.suppress(InvalidRequest):  # a hint, or refused with the field's name
            changes = OPENAI.write(conversation).changes
            assert changes, alias


NEUTRAL_CONFIG = {
    *("maxOutputTokens", "temperature", "topP", "stopSequences", "candidateCount"),
    *("thinkingConfig", "responseMimeType"),
    *("seed", "presencePenalty", "frequencyPenalty", "responseLogprobs", "logprobs"),  # hints
}


def test_top_level_members_are_kept_and_refused_by_name_elsewhere() -> None:
    conversation = read_request(request(safetySettings=[{"category": "X"}], cachedContent="c/1"))
    assert written(conversation)["safetySettings"] == [{"category": "X"}]
    assert written(conversation)["cachedContent"] == "c/1"
    with pytest.raises(InvalidRequest) as caught:
        OPENAI.write(conversation)
    assert caught.value.param in ("safetySettings", "cachedContent")


def test_results_without_ids_find_their_calls_by_name_and_order() -> None:
    calls = [{"functionCall": {"name": name, "args": {"n": n}}} for n, name in enumerate("aba")]
    results = [
        {"functionResponse": {"name": name, "response": {"output": text}}}
        for name, text in (("a", "first"), ("a", "third"), ("b", "second"))
    ]
    conversation = read_request(history(("model", calls), ("user", results)))
    made = {
        part.id: part.arguments
        for part in conversation.messages[0].parts
        if isinstance(part, ToolCall)
    }
    found = {
        made[part.call_id]: part.parts
        for part in conversation.messages[1].parts
        if isinstance(part, ToolResult)
    }
    texts = {'{"n": 0}': "first", '{"n": 1}': "second", '{"n": 2}': "third"}
    assert found == {arguments: (Text(text),) for arguments, text in texts.items()}


def test_a_result_without_a_call_is_rejected_on_both_sides() -> None:
    body = history(("user", [{"functionResponse": {"name": "f", "response": {}}}]))
    with pytest.raises(InvalidRequest, match="answers no function call"):
        read_request(body)
    alone = Conversation((Message(MessageRole.USER, (ToolResult("x", (Text("y"),)),)),))
    with pytest.raises(InvalidRequest) as caught:
        write_request(alone, "m")
    assert caught.value.param == "tool_result.call_id"


RESULT = st.text(max_size=20) | st.sampled_from(
    [
        '{"output":"x"}',
        '{"error":1}',
        '{"output":{}}',
        '{"a":1.50}',
        "{",
        '{"a":1} ',
        '{"output":1}',
    ]
)


@given(RESULT, st.booleans())
def test_the_text_of_a_result_survives(text: str, is_error: bool) -> None:
    result = ToolResult("c", (Text(text),), is_error)
    messages = (
        Message(MessageRole.ASSISTANT, (ToolCall("c", "f", "{}"),)),
        Message(MessageRole.USER, (result,)),
    )
    read = read_request(write_request(Conversation(messages), "m").body)
    assert read.messages[1].parts == (result,)


def test_arguments_keep_their_digits_and_order_or_are_a_named_change() -> None:
    exact = '{"z":1.50,"a":123456789012345678901234567890}'
    call = Message(MessageRole.ASSISTANT, (ToolCall("c", "f", exact),))
    assert exact.encode() in write_request(Conversation((call,)), "m").body
    cut = Message(MessageRole.ASSISTANT, (ToolCall("c", "f", '{"a":'),))
    sent = write_request(Conversation((cut,)), "m")
    assert b'"args":{"arguments":"{\\"a\\":"}' in sent.body
    assert [change.field for change in sent.changes] == ["tool_call.arguments"]


def test_a_call_of_another_model_has_the_documented_stand_in_for_its_signature() -> None:
    calls = (ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))
    conversation = Conversation((Message(MessageRole.ASSISTANT, calls),))
    first, second = written(conversation, "gemini-3-pro")["contents"][0]["parts"]
    assert (first["thoughtSignature"], "thoughtSignature" in second) == (
        "skip_thought_signature_validator",
        False,
    )
    body = write_request(conversation, "gemini-3-pro").body
    assert read_request(body).messages == conversation.messages
    assert (
        "thoughtSignature" not in written(conversation, "gemini-2.5-pro")["contents"][0]["parts"][0]
    )


@pytest.mark.parametrize("with_call", [True, False])
def test_reasoning_of_another_vendor_survives_the_client(with_call: bool) -> None:
    reasoning = Reasoning("because", "sig/+=", dialect="anthropic")
    events = [
        AnswerStarted("a", "m"),
        ReasoningDelta(0, "beca"),
        ReasoningDelta(0, "use"),
        ReasoningEnded(0, "sig/+="),
    ]
    last = (
        [ToolCallStarted(0, 0, "c", "f"), ToolArgumentsDelta(0, 0, "{}")]
        if with_call
        else [TextDelta(0, "so")]
    )
    ends = [ChoiceFinished(0, FinishReason.STOP)]
    writer = GeminiChunkWriter(dialect="anthropic")
    stream = b"".join([*(writer.write(each) for each in (*events, *last, *ends)), writer.end()])
    chunks = [json.loads(line[6:]) for line in stream.split(b"\n\n") if line]
    parts = [part for one in chunks for part in one["candidates"][0]["content"]["parts"]]
    whole = json.loads(render_answer([*events, *last, *ends], "anthropic"))
    for sent in (parts, whole["candidates"][0]["content"]["parts"]):
        content = types.Content.model_validate({"role": "model", "parts": sent})
        again = content.model_dump_json(by_alias=True, exclude_none=True)  # as the client sends it
        body = f'{{"contents":[{again}]}}'.encode()
        assert GeminiSurface().must_translate(body)
        read = read_request(body).messages[0].parts
        assert [part for part in read if isinstance(part, Reasoning)] == [reasoning]
        assert (ToolCall("c", "f", "{}") if with_call else Text("so")) in read


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_stream_passes_whole_for_every_split_and_line_end(size: int, line_end: bytes) -> None:
    piece = b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]},"index":0%b}]}'
    events = [piece % b"", piece % b',"finishReason":"STOP"']
    whole = b"".join(event + line_end * 2 for event in events)
    stream = create().open_stream(
        ProviderConfig("up", "https://up"),
        RequestHead("m", stream=True),
        capture_limit=1000,
        redaction=Redaction(),
        translated=False,
    )
    passed = b"".join(stream.feed(whole[at : at + size]) for at in range(0, len(whole), size))
    stream.close()
    assert (stream.failure, stream.done) == (None, True)
    assert passed + stream.terminal == whole


def test_own_signatures_stay_at_their_part() -> None:
    parts = [
        {"text": "t", "thought": True},
        {"text": "a", "thoughtSignature": "s1"},
        {"functionCall": {"id": "c", "name": "f", "args": {"x": 1}}, "thoughtSignature": "s2"},
    ]
    assert written(read_request(history(("model", parts))))["contents"][0]["parts"] == parts


def test_the_apis_own_schema_becomes_a_json_schema() -> None:
    schema = {
        "type": "OBJECT",
        "properties": {"min_items": {"type": "STRING", "nullable": True}, "a": {"type": "INTEGER"}},
        "propertyOrdering": ["a", "min_items"],
        "any_of": [{"type": "ARRAY", "items": {"type": "NUMBER"}, "minItems": "2"}],
    }
    config = {"responseMimeType": "application/json", "responseSchema": schema}
    output = read_request(request(generationConfig=config)).output
    assert output is not None
    found = json.loads(output.schema)
    assert list(found["properties"]) == ["a", "min_items"]
    assert found["properties"]["min_items"] == {"type": ["string", "null"]}
    assert found["anyOf"] == [{"type": "array", "items": {"type": "number"}, "minItems": 2}]


def test_a_deep_schema_is_rejected() -> None:
    deep = b'{"items":' * 500 + b"{}" + b"}" * 500
    body = (
        b'{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":%b}]}]}' % deep
    )
    with pytest.raises(InvalidRequest):
        read_request(body)


def test_validated_calls_are_strict_tools() -> None:
    tools = [{"functionDeclarations": [{"name": "f"}]}]
    calling = {"functionCallingConfig": {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}}
    conversation = read_request(request(tools=tools, toolConfig=calling))
    assert conversation.tool_choice == ToolChoice(ToolMode.AUTO, ("f",))
    assert json.loads(OPENAI.write(conversation).body)["tools"][0]["function"]["strict"]
    assert written(conversation)["toolConfig"] == calling


def test_counts_include_thoughts_and_prompts_of_tools() -> None:
    found = read_usage(
        b'{"promptTokenCount":10,"toolUsePromptTokenCount":5,"candidatesTokenCount":7,'
        b'"thoughtsTokenCount":3,"cachedContentTokenCount":4,"trafficType":"ON_DEMAND_FLEX",'
        b'"promptTokensDetails":[{"modality":"AUDIO","tokenCount":6},{"modality":"IMAGE",'
        b'"tokenCount":2}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1}]}'
    )
    assert found is not None
    usage, tier = found
    assert (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens) == (15, 10, 3)
    assert (usage.cache_read_tokens, usage.input_audio_tokens) == (4, 6)
    assert (usage.input_image_tokens, usage.output_image_tokens, tier) == (2, 1, "flex")
    assert usage.cache_audio_read_tokens == usage.cache_text_read_tokens == 0
    invalid = read_usage(b'{"promptTokenCount":-1}')
    assert invalid is not None
    assert invalid[0].source is UsageSource.INVALID


def test_cached_tokens_are_counted_by_medium_and_written_again() -> None:
    details = [
        *({"modality": "TEXT", "tokenCount": 5}, {"modality": "DOCUMENT", "tokenCount": 2}),
        *({"modality": "AUDIO", "tokenCount": 4}, {"modality": "IMAGE", "tokenCount": 1}),
    ]
    document = {"promptTokenCount": 20, "cachedContentTokenCount": 12}
    found = read_usage(json.dumps(document | {"cacheTokensDetails": details}).encode())
    assert found is not None
    usage, _ = found
    assert (usage.cache_audio_read_tokens, usage.cache_image_read_tokens) == (4, 1)
    assert usage.cache_text_read_tokens == 7  # and documents
    assert read_usage(json.dumps(write_usage(usage)).encode()) == (usage, "")
    negative = json.dumps(
        document | {"cacheTokensDetails": [{"modality": "IMAGE", "tokenCount": -1}]}
    )
    found = read_usage(negative.encode())
    assert found is not None
    assert found[0].source is UsageSource.INVALID


def test_sources_have_their_place_in_characters() -> None:
    metadata = {
        "groundingChunks": [{"web": {"uri": "u", "title": "t"}}],
        "groundingSupports": [
            {"segment": {"startIndex": 5, "endIndex": 6}, "groundingChunkIndices": [0, 9, -1]}
        ],
    }
    candidate = {"content": {"parts": [{"text": "é€ab"}]}, "groundingMetadata": metadata}
    body = json.dumps({"candidates": [{**candidate, "finishReason": "STOP"}]}).encode()
    text = next(
        part for part in collect(read_events(body)).choices[0].parts if isinstance(part, Text)
    )
    assert text.citations == (Citation("u", "t", start=2, end=3),)
    back = json.loads(render_answer(read_events(body), "gemini"))["candidates"][0]
    assert back["groundingMetadata"] == metadata


def test_a_blocked_prompt_is_an_answer_that_was_filtered() -> None:
    body = b'{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}}'
    [choice] = collect(read_events(body)).choices
    assert choice.reason is FinishReason.CONTENT_FILTER
    assert read_facts(body).finish_reasons == ("SAFETY",)


def test_a_call_without_an_object_is_malformed_for_the_client() -> None:
    events = [
        AnswerStarted("a", "m"),
        ToolCallStarted(0, 0, "c", "f"),
        ToolArgumentsDelta(0, 0, '{"a":'),
        ChoiceFinished(0, FinishReason.TOOL_CALLS),
    ]
    [candidate] = json.loads(render_answer(events, "openai"))["candidates"]
    assert candidate["finishReason"] == "MALFORMED_FUNCTION_CALL"
    assert 'f({"a":)' in candidate["finishMessage"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "contents",
                        "parts",
                        "text",
                        "role",
                        "functionCall",
                        "args",
                        "name",
                        "thought",
                    ),
                    *("candidates", "content", "index", "finishReason", "usageMetadata", "tools"),
                    *(
                        "thoughtSignature",
                        "functionResponse",
                        "response",
                        "generationConfig",
                        "topK",
                    ),
                    *("promptTokenCount", "groundingMetadata", "inline_data", "mime_type", "top_k"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON | st.just({"contents": base64.b64encode(b"x").decode()}))
def test_any_json_is_a_request_or_an_invalid_one(value: Any) -> None:
    body = json.dumps(value).encode()
    with contextlib.suppress(InvalidRequest):
        read_head(PATH, b"", body)
        edit_models(body, "m")
    with contextlib.suppress(InvalidRequest):
        conversation = read_request(body)
        with contextlib.suppress(InvalidRequest):
            json.loads(write_request(conversation, "m").body)


@given(JSON)
def test_any_json_is_an_answer_or_malformed(value: Any) -> None:
    body = json.dumps(value).encode()
    read_facts(body)
    with contextlib.suppress(UpstreamFailed):
        json.loads(render_answer(read_events(body), "gemini"))
    assert not GeminiChunkReader().may_end


def test_an_unknown_part_is_kept_in_the_answer() -> None:
    body = b'{"candidates":[{"content":{"parts":[{"executableCode":{"code":"1"}}]}}]}'
    [part] = collect(read_events(body)).choices[0].parts
    assert part == Other("gemini", "part", b'{"executableCode":{"code":"1"}}')
