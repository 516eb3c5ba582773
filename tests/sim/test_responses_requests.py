"""Requests that break the rules of the responses API get OpenAI's 400 with the field in `param`."""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.conftest import Sim

PATH = "/v1/responses"
BASE: dict[str, Any] = {"model": "sim-small", "input": "Hi"}
USER: dict[str, Any] = {"role": "user", "content": "Hi"}
CALL: dict[str, Any] = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
OUTPUT: dict[str, Any] = {"type": "function_call_output", "call_id": "c", "output": "1"}
FUNCTION: dict[str, Any] = {"type": "function", "name": "f", "parameters": {}, "strict": False}
GIF = base64.b64encode(b"GIF89a").decode()


def said(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"input": [{"role": role, "content": list(parts)}]}


def image(url: str) -> dict[str, Any]:
    return said({"type": "input_image", "image_url": url})


def function(**members: Any) -> dict[str, Any]:
    return {"tools": [{**FUNCTION, **members}]}


def shape(**members: Any) -> dict[str, Any]:
    return {"text": {"format": {"type": "json_schema", **members}}}


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
INVALID: list[tuple[dict[str, Any], str | None, str]] = [
    ({"model": ""}, "model", "length >= 1"),
    ({"messages": []}, "messages", "Unknown parameter: 'messages'."),
    ({"input": []}, "input", "Missing required parameter: 'input'."),
    ({"input": 3}, "input", "Expected"),
    ({"input": ["Hi"]}, "input[0]", "Expected `object`"),
    ({"input": [{"role": "boss", "content": "x"}]}, "input[0].role", "Invalid enum value"),
    ({"input": [{"role": "user"}]}, "input[0].content", "missing"),
    ({"input": [{**USER, "name": "x"}]}, "input[0].name", "Unknown parameter"),
    ({"input": [{"type": "web_search_call"}]}, "input[0].type", "Supported values are"),
    (said({"type": "text", "text": "x"}), "input[0].content[0].type", "text"),
    (said({"type": "output_text", "text": "x"}), "input[0].content[0]", "Supported values are"),
    (
        said({"type": "input_text", "text": "x"}, role="assistant"),
        "input[0].content[0]",
        "'output_text' and 'refusal'",
    ),
    (image("ftp://x"), "input[0].content[0].image_url", "invalid format"),
    (image("data:image/png;base64,%"), "input[0].content[0].image_url", "base64-encoded"),
    (image(f"data:image/tiff;base64,{GIF}"), "input[0].content[0].image_url", "MIME type"),
    (image(f"data:image/png;base64,{GIF}"), "input[0].content[0].image_url", "'image/gif'"),
    (said({"type": "input_image"}), "input[0].content[0]", "exactly one source"),
    (said({"type": "input_file", "file_data": "x"}), "input[0].content[0].file_data", "format"),
    ({"input": [USER, CALL]}, "input", "No tool output found for function call c."),
    (
        {"input": [USER, OUTPUT]},
        "input",
        "No tool call found for function call output with call_id",
    ),
    ({"input": [USER, OUTPUT, CALL]}, "input", "No tool call found"),
    ({"input": [USER, CALL, CALL, OUTPUT]}, "input", "Duplicate call_id"),
    (
        {"input": [{**USER, "id": "m"}, {**USER, "id": "m"}]},
        "input",
        "Duplicate item found with id m",
    ),
    ({"input": [USER, {**CALL, "arguments": {}}]}, "input[1].arguments", "Expected `str`"),
    (
        {
            "input": [
                USER,
                {"type": "reasoning", "summary": [], "encrypted_content": "x"},
                CALL,
                OUTPUT,
            ]
        },
        None,
        "The encrypted content x...x could not be verified.",
    ),
    ({"max_output_tokens": 15}, "max_output_tokens", ">= 16"),
    ({"temperature": 3}, "temperature", "<= 2"),
    ({"top_logprobs": 21}, "top_logprobs", "<= 20"),
    ({"metadata": {str(n): "x" for n in range(17)}}, "metadata", "<= 16"),
    ({"include": ["everything"]}, "include[0]", "Invalid value: 'everything'."),
    ({"stream_options": {}}, "stream_options", "only allowed when 'stream'"),
    ({"background": True, "stream": True}, "background", "Unsupported parameter"),
    ({"background": True, "store": False}, "background", "requires 'store'"),
    ({"previous_response_id": "resp_x"}, "previous_response_id", "not found"),
    ({"reasoning": {"effort": "huge"}}, "reasoning.effort", "Invalid enum value"),
    ({"reasoning": {"budget": 5}}, "reasoning.budget", "Unknown parameter"),
    (function(name="a b"), "tools[0].name", "regex"),
    (function(function={}), "tools[0].function", "Unknown parameter"),
    (function(parameters={"type": "text"}), "tools[0].parameters", "type is unknown"),
    (function(parameters=OPEN, strict=True), "tools[0].parameters", "'additionalProperties'"),
    (
        function(parameters={**OPEN, "additionalProperties": False}, strict=True),
        "tools[0].parameters",
        "Missing 'a'",
    ),
    ({"tool_choice": "required"}, "tool_choice", "must be specified with 'tools'"),
    (
        {**function(), "tool_choice": {"type": "function", "name": "g"}},
        "tool_choice",
        "not found in 'tools'",
    ),
    (shape(name="x"), "text.format.schema", "Missing required parameter"),
    (shape(schema=OPEN), "text.format.name", "Missing required parameter"),
    (shape(name="x", schema=OPEN, strict=True), "text.format.schema", "'additionalProperties'"),
    ({"text": {"format": {"type": "json_object"}}}, "input", "must contain the word 'json'"),
    ({"text": {"format": {"type": "xml"}}}, "text.format.type", "Invalid enum value"),
]


@pytest.mark.parametrize(("change", "param", "message"), INVALID)
def test_an_invalid_request_is_refused_with_its_field(
    sim: Sim, change: dict[str, Any], param: str | None, message: str
) -> None:
    status, _, answer = sim.post({**BASE, **change}, PATH)
    assert message in answer["error"]["message"]
    assert (status, answer["error"]["type"], answer["error"]["param"]) == (
        400,
        "invalid_request_error",
        param,
    )


VALID: list[dict[str, Any]] = [
    {"input": [{"type": "message", "role": "system", "content": "x"}, USER]},
    {"input": [USER, CALL, {**USER, "role": "developer"}, OUTPUT]},
    {"input": [USER, CALL, {**CALL, "call_id": "d"}, {**OUTPUT, "call_id": "d"}, OUTPUT]},
    said({"type": "output_text", "text": "x", "annotations": []}, role="assistant"),
    {"tools": [{"type": "web_search"}, FUNCTION], "tool_choice": "none"},
    {"tools": None, "metadata": None, "reasoning": None, "text": None, "instructions": None},
    {"reasoning": {"effort": "none", "summary": "auto"}, "store": False, "truncation": "auto"},
    {"text": {"format": {"type": "json_object"}}, "input": "A JSON object"},
]


@pytest.mark.parametrize("change", VALID)
def test_a_valid_request_is_answered(sim: Sim, change: dict[str, Any]) -> None:
    status, _, answer = sim.post({**BASE, **change}, PATH)
    assert (status, answer["status"]) == (200, "completed")


def test_other_paths_check_too(sim: Sim) -> None:
    assert sim.post(BASE, f"{PATH}/input_tokens")[2]["input_tokens"] == 8
    assert sim.post({**BASE, "max_output_tokens": 20}, f"{PATH}/input_tokens")[0] == 400
    assert sim.post({**BASE, "model": "sim-embed"}, PATH)[0] == 404
    for body in (b"", b"{", b"null", b'"x"', b"[" * 100_000):
        assert sim.post(body, PATH)[0] == 400


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 50)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "text", "name", "call_id", "format"]), inner
        )
    ),
    max_leaves=8,
)
MEMBERS = ["input", "tools", "tool_choice", "text", "reasoning", "include", "metadata"]


@settings(deadline=None, max_examples=100)
@given(member=st.sampled_from(MEMBERS), value=JSON)
def test_no_value_is_a_server_error(sim: Sim, member: str, value: Any) -> None:
    status, _, answer = sim.post({**BASE, member: value}, PATH)
    assert status in (200, 400)
    assert (answer["error"] is None) == (status == 200)
