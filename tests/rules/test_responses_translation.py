"""What the Responses API says beside the common meaning: it reaches a provider of the same dialect
unchanged, and each of the others leaves it out by its name."""

import json
from typing import Any

import pytest

from penstock.rules.neutral.answer import AnswerChoice, FinishReason, WholeAnswer
from penstock.rules.neutral.collector import collect, events_of
from penstock.rules.neutral.conversation import Reasoning, Text, ToolCall, ToolResult
from penstock.rules.wire.sealed_reasoning import seal_call
from rules.dialects import ANTHROPIC, DIALECTS, OPENAI, RESPONSES, Dialect

FOREIGN = [pytest.param(one, id=one.name) for one in DIALECTS if one is not RESPONSES]


def request(*items: Any, **members: Any) -> bytes:
    return json.dumps({"model": "m", "input": list(items) or "Hi", **members}).encode()


@pytest.mark.parametrize("provider", FOREIGN)
@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"truncation": "auto"}, "truncation"),
        ({"max_tool_calls": 3}, "max_tool_calls"),
        ({"include": ["message.output_text.logprobs"]}, "include"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"stream_options": {"include_obfuscation": False}}, "stream_options"),
    ],
)
def test_hints_are_left_out_by_their_names(
    provider: Dialect, members: dict[str, Any], named: str
) -> None:
    written = provider.write(RESPONSES.read(request(**members)))
    assert named in {change.field for change in written.changes}
    assert set(members).isdisjoint(json.loads(written.body))
    assert RESPONSES.write(RESPONSES.read(request(**members))).changes == ()


@pytest.mark.parametrize("provider", FOREIGN)
def test_asking_for_encrypted_reasoning_changes_nothing_elsewhere(provider: Dialect) -> None:
    plain, asking = (
        provider.write(RESPONSES.read(request(include=include)))
        for include in ([], ["reasoning.encrypted_content"])
    )
    assert plain == asking


@pytest.mark.parametrize("provider", FOREIGN)
def test_the_phase_of_a_message_is_named(provider: Dialect) -> None:
    said = {"role": "assistant", "content": "Wait", "phase": "commentary"}
    asked = RESPONSES.read(request({"role": "user", "content": "Hi"}, said))
    assert asked.messages[1].parts == (Text("Wait", phase="commentary"),)
    assert "phase" in {change.field for change in provider.write(asked).changes}
    again = json.loads(RESPONSES.write(asked).body)["input"]
    assert again[1] == said


def test_a_longer_lifetime_of_a_cache_marker_becomes_an_hour_at_anthropic() -> None:
    part = {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}
    asked = RESPONSES.read(request({"role": "user", "content": [part]}))
    written = ANTHROPIC.write(asked)
    content = json.loads(written.body)["messages"][0]["content"]
    assert content[0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert "cache_control" in {change.field for change in written.changes}
    assert json.loads(RESPONSES.write(asked).body)["input"][0]["content"] == [part]


def test_a_sealed_id_of_a_call_and_of_its_result_are_opened() -> None:
    sealed = seal_call(ToolCall("c", "f", "{}", signature="sig"), ())
    call = {"type": "function_call", "call_id": sealed, "name": "f", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": sealed, "output": "x"}
    asked = RESPONSES.read(request(call, result))
    assert asked.messages[0].parts == (ToolCall("c", "f", "{}", signature="sig"),)
    assert asked.messages[1].parts == (ToolResult("c", (Text("x"),)),)
    function = {"name": "f", "arguments": "{}"}
    calls = [{"id": sealed, "type": "function", "function": function}]
    chat = [
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": sealed, "content": "x"},
    ]
    read = OPENAI.read(json.dumps({"model": "m", "messages": chat}).encode())
    assert read.messages == asked.messages


def test_reasoning_of_the_same_dialect_keeps_its_shape() -> None:
    items = [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "short"}],
            "content": [{"type": "reasoning_text", "text": "long"}],
            "encrypted_content": "gAAA",
        },
        {"type": "reasoning", "id": "rs_2", "summary": []},
        {"role": "assistant", "content": "Hi"},
    ]
    again = json.loads(RESPONSES.write(RESPONSES.read(request(*items))).body)["input"]
    assert again == items


def test_other_items_keep_their_place() -> None:
    items = [
        {"type": "item_reference", "id": "msg_1"},
        {"role": "user", "content": "Hi"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"role": "assistant", "content": "Hi"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "x"},
    ]
    assert json.loads(RESPONSES.write(RESPONSES.read(request(*items))).body)["input"] == items


def test_a_reasoning_part_of_an_answer_keeps_its_summary_and_id() -> None:
    part = Reasoning("short", "", "gAAA", "rs_1", "responses", summary=True)
    output = [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "short"}],
            "encrypted_content": "gAAA",
        }
    ]
    body = json.dumps({"id": "r", "status": "completed", "output": output}).encode()
    events = RESPONSES.plugin.read_events(body)
    assert collect(events, "responses").choices[0].parts == (part,)
    again = json.loads(RESPONSES.surface.render_answer(events, "responses"))["output"]
    assert again == output


@pytest.mark.parametrize("provider", FOREIGN)
def test_an_answer_repeats_the_format_of_its_request(provider: Dialect) -> None:
    text = {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}
    body = request(text=text)
    head = RESPONSES.surface.read_head("/v1/responses", b"", body, b"application/json")
    answer = WholeAnswer("r", "m", choices=(AnswerChoice((Text("{}"),), FinishReason.STOP),))
    events = events_of(answer)
    whole = RESPONSES.surface.render_answer(events, provider.name, head.echo)
    assert json.loads(whole)["text"] == text
    writer = RESPONSES.surface.answer_writer(head, provider.name)
    pieces = [*(writer.write(event) for event in events), writer.end()]
    documents = [
        json.loads(line[6:]) for line in b"".join(pieces).splitlines() if line[:5] == b"data:"
    ]
    responses = [one["response"] for one in documents if "response" in one]
    assert [one["text"] for one in responses] == [text] * 3


def test_an_answer_without_a_schema_repeats_nothing() -> None:
    body = request({"role": "user", "content": "json_schema"})
    head = RESPONSES.surface.read_head("/v1/responses", b"", body, b"application/json")
    assert head.echo == b""
