"""Invalid requests get OpenAI's 400 with the field in `param`; over real HTTP."""

from typing import Any

import pytest

from sim.conftest import CHAT, Sim

FUNCTION = {"name": "f", "arguments": "{}"}
CALLS: Any = {
    "role": "assistant",
    "tool_calls": [{"id": "c", "type": "function", "function": FUNCTION}],
}
RESULT: Any = {"role": "tool", "tool_call_id": "c", "content": "1"}
TOOL: Any = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
IMAGE_PLACE = "messages[0].content[0].image_url"


def history(*more: Any) -> dict[str, Any]:
    return {**CHAT, "messages": [{"role": "user", "content": "Hi"}, *more]}


def allowed(*names: str, mode: str = "required") -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def image(url: str) -> dict[str, Any]:
    part = {"type": "image_url", "image_url": {"url": url}}
    return {**CHAT, "messages": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        (b'{"model": "m", "messages"', None, "could not parse the JSON body"),
        (b"\xff", None, "could not parse the JSON body"),
        (b"[]", "body", "Expected `object`"),
        ({"messages": []}, "model", "missing"),
        ({"model": "m"}, "messages", "missing"),
        ({"model": "m", "messages": []}, "messages", "must not be empty"),
        ({"model": "m", "messages": [{"role": "boss"}]}, "messages[0].role", "boss"),
        ({"model": "m", "messages": [{"content": "x"}]}, "messages[0].role", "missing"),
        ({**CHAT, "n": 0}, "n", ">= 1"),
        ({**CHAT, "temperature": 3}, "temperature", "<= 2"),
        ({**CHAT, "max_tokens": 0}, "max_tokens", ">= 1"),
        ({**CHAT, "stop": ["a"] * 5}, "stop", "<= 4"),
        ({**CHAT, "stream_options": {}}, "stream_options", "only allowed"),
        ({**CHAT, "tool_choice": "required"}, "tool_choice", "only allowed"),
        ({**CHAT, "tools": [TOOL], "tool_choice": allowed("f", "g")}, "tool_choice", "'g' is not"),
        ({**CHAT, "tools": [{"type": "function"}]}, "tools[0].function", "missing"),
        (
            {**CHAT, "response_format": {"type": "json_schema"}},
            "response_format.json_schema",
            "Missing",
        ),
        (
            {"model": "m", "messages": [{"role": "tool", "content": "x"}]},
            "messages[0].tool_call_id",
            "Missing",
        ),
        (history(RESULT), "messages[1].role", "must be a response to a preceeding message"),
        (
            history(CALLS, {"role": "user", "content": "x"}),
            "messages[2].role",
            "response messages: c",
        ),
        (history(CALLS), "messages[2].role", "response messages: c"),
        (history(CALLS, RESULT, RESULT), "messages[3].role", "must be a response"),
        (
            history({"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]}),
            "messages[1].tool_calls[0].function",
            "missing",
        ),
        (image("data:image/png;base64,%"), IMAGE_PLACE, "base64-encoded"),
        (image("data:image/tiff;base64,eA=="), IMAGE_PLACE, "MIME type"),
        (
            {
                **CHAT,
                "tools": [
                    {"type": "function", "function": {"name": "f", "parameters": {"type": "text"}}}
                ],
            },
            "tools[0].function.parameters",
            "type is unknown",
        ),
    ],
)
def test_an_invalid_chat_request_is_refused_with_its_field(
    sim: Sim, body: Any, param: str | None, message: str
) -> None:
    status, _, answer = sim.post(body)
    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"
    assert answer["error"]["param"] == param
    assert message in answer["error"]["message"]


@pytest.mark.parametrize("wrong", ["", [], [""], [[]], ["a", ""], 3, None])
def test_invalid_embedding_requests_are_refused(sim: Sim, wrong: Any) -> None:
    status, _, answer = sim.post({"model": "m", "input": wrong}, "/v1/embeddings")
    assert status == 400
    assert answer["error"]["param"] == "input"


def test_unknown_controls_and_values_are_refused(sim: Sim) -> None:
    for headers in ({"x_sim_speed": "3"}, {"x_sim_latency_ms": "soon"}, {"x_sim_fault": "flood"}):
        status, _, answer = sim.post(CHAT, **headers)
        assert (status, answer["error"]["code"]) == (400, "invalid_simulation")


def test_unknown_paths_and_methods(sim: Sim) -> None:
    assert sim.post(CHAT, "/v1/chat/completion")[0] == 404
    assert sim.post(CHAT, "/v1/models")[0] == 405
    with sim.connect(CHAT, "/healthz") as connection:
        assert connection.recv(12) == b"HTTP/1.1 405"


def test_a_body_over_the_limit_is_refused(start_sim: Any) -> None:
    sim = start_sim(body_limit_bytes=1000)
    assert sim.post({**CHAT, "user": "u" * 1000})[0] == 413


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_one_of_the_allowed_tools_is_called(sim: Sim, mode: str) -> None:
    others = [{**TOOL, "function": {**TOOL["function"], "name": name}} for name in "gh"]
    body = {**CHAT, "tools": [TOOL, *others], "tool_choice": allowed("g", mode=mode)}
    status, _, answer = sim.post(body)
    assert status == 200
    calls = answer["choices"][0]["message"]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["g"]
