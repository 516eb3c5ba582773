"""OpenAI's chat request: what the neutral form cannot hold stays, and only OpenAI writes it."""

import json

import pytest

from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import Other, ToolResult
from penstock.rules.wire.openai.request_reader import read_request
from penstock.rules.wire.openai.request_writer import write_request
from rules.dialects import ANTHROPIC, OPENAI

KEPT = [
    '"web_search_options":{}',
    '"prediction":{"type":"content","content":"x"}',
    '"audio":{"format":"mp3"}',
    '"modalities":["text","audio"]',
    '"functions":[{"name":"f"}]',
    '"tool_choice":{"type":"custom","custom":{"name":"f"}}',
    '"response_format":{"type":"grammar","grammar":"x"}',
    '"tools":[{"type":"custom","custom":{"name":"f"}}]',
    '"messages":[{"role":"user","content":[{"type":"hologram","x":1}]}]',
    '"messages":[{"role":"narrator","content":"x"}]',
    '"messages":[{"role":"narrator","content":"x"},{"role":"user","content":"b"}]',
    '"messages":[{"role":"assistant","audio":{"id":"a"}}]',
    '"messages":[{"role":"assistant","content":"x","prefix":true}]',
    '"messages":[{"role":"user","content":[{"type":"text","text":"x","extra":1}]}]',
]


@pytest.mark.parametrize("member", KEPT)
def test_what_only_openai_can_express_is_written_again_unchanged(member: str) -> None:
    rest = "" if "messages" in member else ',"messages":[]'
    body = f'{{"model":"m",{member}{rest}}}'.encode()
    written, changes = write_request(read_request(body), "m", stream=False)
    assert json.loads(written) == json.loads(body)
    assert changes == ()


def test_null_members_count_as_absent_and_deprecated_names_are_read() -> None:
    body: dict[str, object] = {
        "messages": [],
        "model": "m",
        "tools": None,
        "max_tokens": 7,
        "stop": "x",
        "n": 2,
    }
    found = read_request(json.dumps(body).encode())
    assert (found.tools, found.max_output_tokens, found.stop) == ((), 7, ("x",))
    assert found.choice_count == 2
    assert found.others == {}


def test_an_answer_as_text_is_the_default() -> None:
    found = read_request(b'{"model":"m","messages":[],"modalities":["text"]}')
    assert found.others == {}


def test_cache_markers_of_anthropic_are_read() -> None:
    marker = {"type": "ephemeral", "ttl": "1h"}
    parts = [
        {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}},
        {
            "type": "image_url",
            "image_url": {"url": "https://images.example/a.png"},
            "cache_control": marker,
        },
    ]
    body = {"model": "m", "messages": [{"role": "user", "content": parts}]}
    found = read_request(json.dumps(body).encode())
    blocks = json.loads(ANTHROPIC.write(found).body)["messages"][0]["content"]
    assert [block["cache_control"] for block in blocks] == [{"type": "ephemeral"}, marker]
    assert "dropped:cache_control" in {change.text for change in OPENAI.write(found).changes}


def test_results_of_tools_and_the_users_text_after_them_are_one_message() -> None:
    body = {
        "messages": [
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "2"}]},
            {"role": "user", "content": "go on"},
        ]
    }
    (message,) = read_request(json.dumps(body).encode()).messages
    assert [type(part) for part in message.parts][:2] == [ToolResult, ToolResult]
    written = json.loads(OPENAI.write(read_request(json.dumps(body).encode())).body)
    assert [one["role"] for one in written["messages"]] == ["tool", "tool", "user"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ('{"model":"m"}', "messages"),
        ('{"messages":{}}', "messages"),
        ('{"messages":[1]}', "messages.0"),
        ('{"messages":[{"content":"x"}]}', "messages.0"),
        ('{"messages":[],"temperature":"hot"}', "temperature"),
        ('{"messages":[],"stop":[1]}', "stop"),
        ('{"messages":[],"tools":"all"}', "tools"),
    ],
)
def test_what_is_no_chat_request_is_rejected_by_name(body: str, param: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        read_request(body.encode())
    assert raised.value.param == param


def test_parts_of_another_dialect_are_rejected_with_their_place() -> None:
    body = b'{"messages":[{"role":"user","content":[{"type":"hologram"}]}]}'
    (message,) = read_request(body).messages
    assert isinstance(message.parts[0], Other)
    assert message.parts[0].field == "messages.0.content.0"
