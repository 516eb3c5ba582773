"""Requests that break Gemini's rules get its 400, with the place in the message."""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.conftest import Sim

PATH = "/v1beta/models/sim-small"
SAID: dict[str, Any] = {"role": "user", "parts": [{"text": "Hi"}]}
BASE: dict[str, Any] = {"contents": [SAID]}
CALL: dict[str, Any] = {"functionCall": {"name": "f", "args": {}}}
RESULT: dict[str, Any] = {"functionResponse": {"name": "f", "response": {"x": 1}}}
GIF = base64.b64encode(b"GIF89a").decode()
FUNCTION: dict[str, Any] = {"name": "f", "parameters": {"type": "OBJECT"}}
SIGNED = base64.b64encode(b"signed").decode()


def of(*contents: tuple[str, list[Any]]) -> dict[str, Any]:
    return {"contents": [{"role": role, "parts": parts} for role, parts in contents]}


def configured(**config: Any) -> dict[str, Any]:
    return {"generationConfig": config}


def functions(*declared: Any, **calling: Any) -> dict[str, Any]:
    tools = [{"functionDeclarations": list(declared)}]
    return {"tools": tools, "toolConfig": {"functionCallingConfig": calling}}


def parameters(**schema: Any) -> dict[str, Any]:
    return functions({**FUNCTION, "parameters": {"type": "OBJECT", **schema}})


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"contents": []}, "contents is not specified"),
    ({"contents": "Hi"}, "Invalid value at 'contents'"),
    ({"prompt": "x"}, "Unknown name \"prompt\" at '': Cannot find field."),
    ({"contents": [SAID], "Contents": []}, 'Unknown name "Contents"'),
    ({"system_instruction": {"parts": [{"text": "x"}]}, "systemInstruction": None}, "Duplicate"),
    (of(("user", [])), "contents[0].parts: contents.parts must not be empty."),
    (of(("system", [{"text": "x"}])), "Please use a valid role: user, model."),
    (of(("user", [{}])), "contents[0].parts[0].data: required oneof field 'data'"),
    (of(("user", [{"text": "x", **CALL}])), "required oneof field 'data'"),
    (of(("user", [{"text": 3}])), "Invalid value at 'contents[0].parts[0].text'"),
    (of(("user", [{"text": "x", "lang": "de"}])), "\"lang\" at 'contents[0].parts[0]'"),
    (of(("user", [{"text": "x"}]), ("model", [{"text": "y"}])), "requests end with a user role"),
    (of(("user", [CALL])), "function call turn comes immediately after a user turn"),
    (of(("model", [CALL]), ("user", [RESULT])), "comes immediately after a user turn"),
    (of(("user", [RESULT])), "function response turn comes immediately after a function call"),
    (
        of(("user", [{"text": "x"}]), ("model", [CALL]), ("user", [{"text": "y"}])),
        "the number of function response parts is equal to the number of function call parts",
    ),
    (
        of(("user", [{"text": "x"}]), ("model", [CALL, CALL]), ("user", [RESULT])),
        "the number of function response parts",
    ),
    (of(("user", [{"text": "x"}]), ("model", [CALL])), "requests end with a user role"),
    (
        of(
            ("user", [{"text": "x"}]),
            ("model", [{**CALL, "thoughtSignature": SIGNED}]),
            ("user", [RESULT]),
        ),
        "Corrupted thought signature.",
    ),
    (
        of(
            ("user", [{"text": "x"}]),
            ("model", [{"text": "y", "thoughtSignature": "%"}]),
            ("user", [{"text": "x"}]),
        ),
        "'thought_signature' (TYPE_BYTES)",
    ),
    (
        {
            **of(("user", [{"text": "x"}]), ("model", [CALL]), ("user", [RESULT])),
            **configured(thinkingConfig={"thinkingBudget": 100}),
        },
        "Function call is missing a thought_signature in functionCall parts.",
    ),
    (
        of(("user", [{"inlineData": {"mimeType": "image/png", "data": "%"}}])),
        "Base64 decoding failed",
    ),
    (
        of(("user", [{"inlineData": {"mimeType": "image/png", "data": GIF}}])),
        "Unable to process input image",
    ),
    (
        of(("user", [{"inlineData": {"mimeType": "png", "data": GIF}}])),
        "Unsupported MIME type: png",
    ),
    (of(("user", [{"inlineData": {"data": GIF}}])), "'contents[0].parts[0].inline_data'"),
    ({"systemInstruction": "Be short."}, "Invalid value at 'system_instruction'"),
    (configured(temperature=3), "Invalid value at 'generation_config.temperature'"),
    (configured(topP=2), "Invalid value at 'generation_config.top_p'"),
    (configured(maxOutputTokens=0), "Invalid value at 'generation_config.max_output_tokens'"),
    (configured(candidateCount=9), "Invalid value at 'generation_config.candidate_count'"),
    (configured(stopSequences=["a"] * 6), "Invalid value at 'generation_config.stop_sequences'"),
    (configured(stopSequences=[""]), "Invalid value at 'generation_config.stop_sequences"),
    (configured(max_tokens=3), "Unknown name \"maxTokens\" at 'generation_config'"),
    (configured(responseSchema={"type": "OBJECT"}), "a response schema is only supported with"),
    (configured(responseMimeType="text/html"), "'generation_config.response_mime_type'"),
    (
        configured(responseMimeType="application/json", responseSchema={"type": "TEXT"}),
        "'generation_config.response_schema': type is unknown",
    ),
    (
        configured(
            responseMimeType="application/json", responseSchema={"type": "STRING", "$id": "x"}
        ),
        "Unknown name \"$id\" at 'generation_config.response_schema'",
    ),
    (
        configured(thinkingConfig={"thinkingBudget": 40_000}),
        "The thinking budget 40000 is invalid.",
    ),
    (
        configured(thinkingConfig={"thinkingBudget": 1, "thinkingLevel": "LOW"}),
        "only set only one of",
    ),
    (configured(thinkingConfig={"thinkingLevel": "HUGE"}), "thinking_config.thinking_level'"),
    (functions({"name": "a b"}), "Invalid function name."),
    (functions(FUNCTION, FUNCTION), "Duplicate function declaration found: f"),
    (functions({"name": "f", "parameters": {"type": "STRING"}}), "should be of type OBJECT"),
    (functions({"name": "f", "parameters": 3}), "function_declarations[0].parameters'"),
    (parameters(properties={"a": {"type": "TEXT"}}), "properties.a.type is unknown"),
    (parameters(properties={"a": {"oneOf": []}}), 'Unknown name "oneOf"'),
    (functions({"name": "f", "parametersJsonSchema": {"type": "text"}}), "type is unknown"),
    (functions(FUNCTION, mode="SOME"), "function_calling_config.mode'"),
    (functions(mode="ANY"), "set without function_declarations."),
    (functions(FUNCTION, allowedFunctionNames=["f"]), "only be set when function calling mode is"),
    (functions(FUNCTION, mode="ANY", allowedFunctionNames=["g"]), "g is not among"),
    (
        {"safetySettings": [{"category": "HARM", "threshold": "OFF"}]},
        "safety_settings[0].category'",
    ),
]


def send(sim: Sim, body: Any, method: str = "generateContent", path: str = PATH) -> tuple[int, Any]:
    status, _, answer = sim.post(body, f"{path}:{method}", x_goog_api_key="k")
    return status, answer


@pytest.mark.parametrize(("change", "message"), INVALID)
def test_an_invalid_request_is_refused_with_its_place(
    sim: Sim, change: dict[str, Any], message: str
) -> None:
    status, answer = send(sim, {**BASE, **change})
    assert message in answer["error"]["message"]
    assert (status, answer["error"]["code"], answer["error"]["status"]) == (
        400,
        400,
        "INVALID_ARGUMENT",
    )


VALID: list[dict[str, Any]] = [
    of(("user", [{"text": "a"}]), ("user", [{"text": "b"}])),
    of(("user", [{"text": "x"}]), ("model", [CALL, CALL]), ("user", [RESULT]), ("user", [RESULT])),
    of(("user", [{"text": "x"}]), ("model", [CALL]), ("function", [RESULT])),
    {"contents": [{"parts": [{"text": "no role"}]}]},
    {"tools": [{"googleSearch": {}}, {"codeExecution": {}}]},
    functions({"name": "f"}, {"name": "g", "description": "x"}, mode="VALIDATED"),
    parameters(properties={"a": {"type": "string", "nullable": True}}, required=["a"]),
    configured(responseMimeType="text/x.enum", responseSchema={"type": "STRING", "enum": ["a"]}),
    configured(thinkingConfig={"thinkingBudget": 0}, temperature=2, topK=40, seed=-3),
    {"labels": {"x-sim-tokens": "4"}, "safety_settings": []},
]


@pytest.mark.parametrize("change", VALID)
def test_a_valid_request_is_answered(sim: Sim, change: dict[str, Any]) -> None:
    status, answer = send(sim, {**BASE, **change})
    assert status == 200
    assert answer["candidates"][0]["finishReason"] == "STOP"


def test_other_methods_check_too(sim: Sim) -> None:
    assert send(sim, BASE, "countTokens")[1]["totalTokens"] == 8
    whole = {"generateContentRequest": {**BASE, "model": "models/sim-small"}}
    assert send(sim, whole, "countTokens")[1]["totalTokens"] == 8
    assert send(sim, {}, "countTokens")[0] == 400
    embed = "/v1beta/models/sim-embed"
    assert send(sim, {"content": SAID}, "embedContent", embed)[1]["embedding"]["values"]
    for body in ({}, {"content": {"parts": []}}, {"content": SAID, "outputDimensionality": 0}):
        assert send(sim, body, "embedContent", embed)[0] == 400
    assert send(sim, {"requests": []}, "batchEmbedContents", embed)[0] == 400
    assert send(sim, BASE, "generateContent", embed)[0] == 404
    assert send(sim, BASE, "generateSound")[0] == 404
    assert send(sim, {**BASE, "cachedContent": "cachedContents/x"})[0] == 403


def test_a_body_that_is_no_json(sim: Sim) -> None:
    for body in (b"", b"{", b"[]", b"null", b'{"a": "\xff"}', b"[" * 100_000):
        status, answer = send(sim, body)
        assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["parts", "text", "role", "functionCall", "name", "args", "type"]),
            inner,
        )
    ),
    max_leaves=8,
)
MEMBERS = ["contents", "tools", "toolConfig", "generationConfig", "systemInstruction", "labels"]


@settings(deadline=None, max_examples=100)
@given(member=st.sampled_from(MEMBERS), value=JSON)
def test_no_value_is_a_server_error(sim: Sim, member: str, value: Any) -> None:
    status, answer = send(sim, {**BASE, member: value})
    assert status in (200, 400)
    assert ("error" in answer) == (status == 400)
