"""Requests that break Anthropic's rules get its 400, with the place in the message."""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.conftest import Sim

ASKED: dict[str, Any] = {"role": "user", "content": "Hi"}
BASE: dict[str, Any] = {"model": "sim-small", "max_tokens": 2000, "messages": [ASKED]}
TOOL: dict[str, Any] = {"name": "f", "input_schema": {"type": "object"}}
CALL: dict[str, Any] = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
RESULT: dict[str, Any] = {"type": "tool_result", "tool_use_id": "t1"}
GIF = base64.b64encode(b"GIF89a").decode()
MARKED: dict[str, Any] = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
ENABLED = {"type": "enabled", "budget_tokens": 1024}


def of(*messages: Any) -> dict[str, Any]:
    """The request with these messages: (role, content)."""
    return {"messages": [{"role": role, "content": content} for role, content in messages]}


def tool(**schema: Any) -> dict[str, Any]:
    return {"tools": [{**TOOL, "input_schema": {"type": "object", **schema}}]}


def image(data: str, kind: str = "image/png") -> dict[str, Any]:
    source = {"type": "base64", "media_type": kind, "data": data}
    return of(("user", [{"type": "image", "source": source}]))


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"max_tokens": None}, "max_tokens: Expected `int`"),
    ({"max_tokens": -1}, "max_tokens: "),
    ({"prompt": "x"}, "prompt: Extra inputs are not permitted"),
    ({"messages": []}, "messages: at least one message is required"),
    ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
    ({"messages": [{**ASKED, "name": "x"}]}, "messages.0.name: Extra inputs"),
    (of(("tool", "x")), "messages.0.role: "),
    (of(("assistant", "x")), 'messages: first message must use the "user" role'),
    (of(("user", "")), "messages.0: all messages must have non-empty content"),
    (of(("user", [])), "messages.0: all messages must have non-empty content"),
    (of(("user", " \n")), "must contain non-whitespace"),
    (of(("user", [{"type": "text", "text": ""}])), "text content blocks must be non-empty"),
    (of(("user", [{"type": "video", "text": "x"}])), "messages.0.content.0.type: "),
    (of(("user", [{"text": "x"}])), "messages.0.content.0.type: Field required"),
    (of(("user", [{"type": "text", "text": "x", "lang": 1}])), "messages.0.content.0.lang: Extra"),
    (of(("user", "Hi"), ("assistant", "So ")), "cannot end with trailing whitespace"),
    (of(("user", "Hi"), ("assistant", [CALL])), "messages.1: `tool_use` ids were found without"),
    (of(("user", "Hi"), ("assistant", [CALL]), ("user", "x")), "without `tool_result` blocks"),
    (
        of(
            ("user", "Hi"), ("assistant", [CALL]), ("user", [{"type": "text", "text": "x"}, RESULT])
        ),
        "without `tool_result` blocks",
    ),
    (
        of(("user", "Hi"), ("assistant", [CALL, {**CALL, "id": "t2"}]), ("user", [RESULT])),
        "immediately after: t2",
    ),
    (of(("user", "Hi"), ("assistant", [CALL]), ("user", [RESULT, RESULT])), "a single result"),
    (of(("user", "Hi"), ("assistant", [CALL, CALL]), ("user", [RESULT])), "ids must be unique"),
    (of(("user", [RESULT])), "messages.0.content.0: unexpected `tool_use_id`"),
    (of(("user", [CALL])), "`tool_use` blocks can only be in `assistant` messages"),
    (of(("user", "Hi"), ("assistant", [RESULT])), "can only be in `user` messages"),
    (of(("user", "Hi"), ("assistant", [{**CALL, "id": "a b"}])), "messages.1.content.0.id: "),
    (of(("user", "Hi"), ("assistant", [{**CALL, "input": "{}"}])), "messages.1.content.0.input: "),
    (
        of(("user", "Hi"), ("assistant", [{"type": "redacted_thinking", "data": "eA=="}])),
        "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
    ),
    (image("%%%"), "messages.0.content.0.image.source.base64.data: "),
    (image(""), "messages.0.content.0.image.source.base64.data: "),
    (image(GIF), "appears to be a image/gif"),
    (image(GIF, "image/tiff"), "source.base64.media_type: Input should be one of"),
    ({"system": [{"type": "text", "text": ""}]}, "system: text content blocks must be non-empty"),
    ({"system": [{"type": "image"}]}, "system.0.type: "),
    ({"temperature": 1.5}, "temperature: "),
    ({"top_p": 2}, "top_p: "),
    ({"top_k": -1}, "top_k: "),
    ({"stop_sequences": [" "]}, "must contain non-whitespace"),
    ({"stream": "yes"}, "stream: "),
    ({"metadata": {"user_id": "u", "team": "x"}}, "metadata.team: Extra inputs"),
    ({"thinking": {"type": "enabled"}}, "budget_tokens: Field required"),
    ({"thinking": {"type": "enabled", "budget_tokens": 1023}}, "greater than or equal to 1024"),
    ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "`max_tokens` must be greater"),
    ({"thinking": {"type": "adaptive", "budget_tokens": 1024}}, "Extra inputs"),
    ({"thinking": ENABLED, "temperature": 0.5}, "`temperature` may only be set to 1"),
    ({"thinking": ENABLED, "top_k": 5}, "`top_k` must be unset"),
    ({"thinking": ENABLED, "top_p": 0.5}, "`top_p` must be greater"),
    (
        {"thinking": ENABLED, "tools": [TOOL], "tool_choice": {"type": "any"}},
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
    ({"thinking": ENABLED, **of(("user", "Hi"), ("assistant", "So"))}, "message prefill"),
    ({"tools": [{"name": "f"}]}, "tools.0.custom.input_schema: Field required"),
    ({"tools": [{**TOOL, "name": "a b"}]}, "tools.0.custom.name: "),
    ({"tools": [{**TOOL, "parameters": {}}]}, "tools.0.custom.parameters: Extra inputs"),
    ({"tools": [TOOL, TOOL]}, "tools: Tool names must be unique."),
    ({"tools": [{**TOOL, "input_schema": {}}]}, "input_schema.type: Input should be 'object'"),
    (tool(anyOf=[{}]), "does not support oneOf, allOf, or anyOf at the top level"),
    (tool(properties={"a": {"type": "text"}}), "properties.a.type is unknown"),
    (tool(properties={"a": 3}), "properties.a must be an object"),
    (tool(properties={"a": {"minimum": "1"}}), "minimum must be a number"),
    (tool(properties={"a": {"enum": []}}), "enum must be a list"),
    (tool(required="a"), "required must be a list of names"),
    ({"tool_choice": {"type": "any"}}, "tool_choice"),
    ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "g"}}, "Tool 'g' not found"),
    ({"tools": [TOOL], "tool_choice": {"type": "tool"}}, "tool_choice.tool.name"),
    ({"tools": [TOOL], "tool_choice": {"type": "some"}}, "tool_choice.type: "),
    (
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        "'additionalProperties' must be explicitly set to false",
    ),
    ({"output_config": {"effort": "huge"}}, "output_config.effort: "),
    (
        {"system": [MARKED] * 5},
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    (
        {"system": [MARKED, {**MARKED, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
        "a ttl='1h' cache_control block must not come after",
    ),
    ({"system": [{**MARKED, "cache_control": {"type": "forever"}}]}, "cache_control.type: "),
]


def send(sim: Sim, body: Any, path: str = "/v1/messages") -> tuple[int, Any]:
    status, _, answer = sim.post(body, path, x_api_key="k", anthropic_version="2023-06-01")
    return status, answer


@pytest.mark.parametrize(("change", "message"), INVALID)
def test_an_invalid_request_is_refused_with_its_place(
    sim: Sim, change: dict[str, Any], message: str
) -> None:
    body = {**BASE, **change}
    status, answer = send(sim, body)
    assert answer["error"]["type"] == "invalid_request_error"
    assert message in answer["error"]["message"]
    assert status == 400


def test_a_body_that_is_no_json(sim: Sim) -> None:
    for body in (b"", b"{", b'{"model": "\xff"}', b"[]", b"null", b"3", b"[" * 100_000):
        status, answer = send(sim, body)
        assert (status, answer["error"]["type"]) == (400, "invalid_request_error")


def test_counting_takes_no_token_limit(sim: Sim) -> None:
    asked = {"model": "sim-small", "messages": [ASKED]}
    assert send(sim, asked, "/v1/messages/count_tokens") == (200, {"input_tokens": 8})
    status, answer = send(sim, BASE, "/v1/messages/count_tokens")
    assert (status, answer["error"]["message"]) == (
        400,
        "max_tokens: Extra inputs are not permitted",
    )


VALID: list[dict[str, Any]] = [
    of(("user", "Hi"), ("user", "Again"), ("assistant", "Yes."), ("user", "So?")),
    of(("user", "Hi"), ("assistant", "The answer is")),
    of(("user", "Hi"), ("assistant", [CALL]), ("user", [RESULT, {"type": "text", "text": "x"}])),
    of(
        ("user", "Hi"),
        ("assistant", [CALL]),
        ("user", [RESULT]),
        ("system", "Be short."),
        ("user", "x"),
    ),
    {"tools": [TOOL, {"type": "web_search_20250305", "name": "web_search"}]},
    {"tools": [{**TOOL, "type": "custom", "strict": True, "description": "x"}]},
    {"thinking": {"type": "disabled"}, "temperature": 0, "top_k": 0, "top_p": 0.1},
    {"metadata": {"user_id": "u"}, "service_tier": "auto"},
    of(
        (
            "user",
            [
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "x"},
                }
            ],
        )
    ),
    of(
        ("user", [{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}])
    ),
]


@pytest.mark.parametrize("change", VALID)
def test_a_valid_request_is_answered(sim: Sim, change: dict[str, Any]) -> None:
    status, answer = send(sim, {**BASE, **change})
    assert (status, answer["type"]) == (200, "message")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "role", "id", "source"]), inner
        )
    ),
    max_leaves=8,
)
MEMBERS = ["messages", "system", "tools", "tool_choice", "thinking", "output_config", "max_tokens"]


@settings(deadline=None, max_examples=100)
@given(member=st.sampled_from(MEMBERS), value=JSON)
def test_no_value_is_a_server_error(sim: Sim, member: str, value: Any) -> None:
    status, answer = send(sim, {**BASE, member: value})
    assert status in (200, 400)
    assert answer["type"] == ("message" if status == 200 else "error")
