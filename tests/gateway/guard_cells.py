"""The surfaces with the places of their texts: what a caller sends and a provider answers."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from penstock.rules.guards.policies import Place

TEXT = "TEXT"
ARGUMENT = "ARGUMENT"  # stands in the tool arguments of answers
ARGUMENTS = json.dumps({"a": [TEXT]}, separators=(",", ":"))
_TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": ARGUMENTS}}


class Cells(NamedTuple):
    """One surface with one provider. `requests`: a request with a text in each place. `whole`: an
    answer with a text and tool arguments. `stream`: the formats of the provider's stream and of the
    one that the client gets."""

    path: str
    model: str
    requests: Mapping[Place, dict[str, Any]]
    whole: dict[str, Any] | None = None
    answered: tuple[Place, ...] = ()
    stream: tuple[str, str] | None = None
    stream_path: str = ""
    form: bool = False


def _chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}, *messages], "max_tokens": 9, **more}


def _assistant(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


_CALLS = _assistant(None, tool_calls=[_CALL])
_RESULT = {"role": "tool", "tool_call_id": "call_1", "content": TEXT}
_NO_TEXT_CALL = {**_CALL, "function": {"name": "f", "arguments": "{}"}}
CHAT: Mapping[Place, dict[str, Any]] = {
    Place.INPUT: _chat({"role": "user", "content": TEXT}),
    Place.TOOL_ARGUMENTS: _chat(_CALLS, {**_RESULT, "content": "b"}, tools=[_TOOL]),
    Place.TOOL_RESULTS: _chat(_assistant(None, tool_calls=[_NO_TEXT_CALL]), _RESULT, tools=[_TOOL]),
}
_USE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [TEXT]}}
_USED = {"type": "tool_result", "tool_use_id": "toolu_1", "content": TEXT}
_TOOLS = [{"name": "f", "input_schema": {"type": "object"}}]
MESSAGES: Mapping[Place, dict[str, Any]] = {
    Place.INPUT: _chat(system=TEXT),
    Place.TOOL_ARGUMENTS: _chat(
        _assistant([_USE]), {"role": "user", "content": [{**_USED, "content": "b"}]}, tools=_TOOLS
    ),
    Place.TOOL_RESULTS: _chat(
        _assistant([{**_USE, "input": {}}]), {"role": "user", "content": [_USED]}, tools=_TOOLS
    ),
}
_DOCUMENT = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": TEXT},
}
_ITEM_CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": ARGUMENTS}
_ITEM_RESULT = {"type": "function_call_output", "call_id": "call_1", "output": TEXT}
RESPONSES: Mapping[Place, dict[str, Any]] = {
    Place.INPUT: {"input": TEXT, "instructions": "b"},
    Place.TOOL_ARGUMENTS: {"input": [_ITEM_CALL, {**_ITEM_RESULT, "output": "b"}]},
    Place.TOOL_RESULTS: {"input": [{**_ITEM_CALL, "arguments": "{}"}, _ITEM_RESULT]},
}


def _contents(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}]}


def _turns(args: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    call = {"functionCall": {"name": "f", "args": args}}
    answer = {"functionResponse": {"name": "f", "response": response}}
    turns = [("user", {"text": "hi"}), ("model", call), ("user", answer)]
    return {"contents": [{"role": role, "parts": [part]} for role, part in turns]}


GENERATE: Mapping[Place, dict[str, Any]] = {
    Place.INPUT: _contents({"text": TEXT}),
    Place.TOOL_ARGUMENTS: _turns({"a": [TEXT]}, {"b": "c"}),
    Place.TOOL_RESULTS: _turns({}, {"b": TEXT}),
}

_ANSWERED_ARGUMENTS = ARGUMENTS.replace(TEXT, ARGUMENT)
_ANSWERED = {**_CALL, "function": {"name": "f", "arguments": _ANSWERED_ARGUMENTS}}
_ANSWERED_USE = {**_USE, "input": {"a": [ARGUMENT]}}
_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
_CHOICE = {"index": 0, "message": _assistant(TEXT, tool_calls=[_ANSWERED]), "finish_reason": "stop"}
OPENAI = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "usage": _USAGE}
CHAT_ANSWER = {**OPENAI, "choices": [_CHOICE]}
_COUNTS = {"input_tokens": 1, "output_tokens": 1}
MESSAGE_ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "usage": _COUNTS,
    "stop_reason": "tool_use",
    "content": [{"type": "text", "text": TEXT}, _ANSWERED_USE],
}
_PART = {"type": "output_text", "text": TEXT, "annotations": []}
_ITEM = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
RESPONSE_ANSWER = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "output": [
        {**_ITEM, "content": [_PART]},
        {**_ITEM_CALL, "id": "fc_1", "arguments": _ANSWERED_ARGUMENTS},
    ],
    "usage": {**_COUNTS, "total_tokens": 2},
}
_PARTS = [{"text": TEXT}, {"functionCall": {"name": "f", "args": {"a": [ARGUMENT]}}}]
GEMINI_ANSWER = {
    "candidates": [
        {"content": {"role": "model", "parts": _PARTS}, "finishReason": "STOP", "index": 0}
    ],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
}
COHERE_ANSWER = {
    "id": "c1",
    "message": {
        "role": "assistant",
        "content": [{"type": "text", "text": TEXT}],
        "tool_calls": [_ANSWERED],
    },
    "finish_reason": "TOOL_CALL",
    "usage": {"tokens": _COUNTS},
}
_BEDROCK_USE = {"toolUse": {"toolUseId": "call_1", "name": "f", "input": {"a": [ARGUMENT]}}}
BEDROCK_ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": TEXT}, _BEDROCK_USE]}},
    "stopReason": "tool_use",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
}

BOTH = (Place.OUTPUT, Place.TOOL_ARGUMENTS)
_MESSAGES, _GEMINI = "/v1/messages", "/v1beta/models"
_GENERATE, _STREAMED = ":generateContent", ":streamGenerateContent?alt=sse"
_DOCUMENTS = {"query": "b", "documents": [TEXT]}
CELLS: Mapping[str, Cells] = {
    "chat": Cells(
        "/v1/chat/completions",
        "up/small",
        {**CHAT, Place.CONTEXT: _chat(documents=[{"text": TEXT}])},
        CHAT_ANSWER,
        BOTH,
        stream=("chat", "chat"),
    ),
    "chat, Anthropic": Cells(
        "/v1/chat/completions", "claude/m", CHAT, MESSAGE_ANSWER, BOTH, stream=("anthropic", "chat")
    ),
    "chat, Gemini": Cells(
        "/v1/chat/completions", "gem/m", CHAT, GEMINI_ANSWER, BOTH, stream=("gemini", "chat")
    ),
    "chat, Cohere": Cells(
        "/v1/chat/completions", "co/m", CHAT, COHERE_ANSWER, BOTH, stream=("cohere", "chat")
    ),
    "chat, Bedrock": Cells(
        "/v1/chat/completions", "bed/m", CHAT, BEDROCK_ANSWER, BOTH, stream=("bedrock", "chat")
    ),
    "completions": Cells(
        "/v1/completions",
        "up/small",
        {Place.INPUT: {"prompt": TEXT}},
        {**OPENAI, "choices": [{"index": 0, "text": TEXT, "finish_reason": "stop"}]},
        (Place.OUTPUT,),
        ("completions", "completions"),
    ),
    "responses": Cells(
        "/v1/responses",
        "own/small",
        {
            **RESPONSES,
            Place.CONTEXT: {
                "input": [{"type": "file_search_call", "id": "fs_1", "results": [{"text": TEXT}]}]
            },
        },
        RESPONSE_ANSWER,
        BOTH,
        stream=("responses", "responses"),
    ),
    "responses, chat": Cells(
        "/v1/responses", "up/small", RESPONSES, CHAT_ANSWER, BOTH, stream=("chat", "responses")
    ),
    "messages": Cells(
        _MESSAGES,
        "claude/m",
        {**MESSAGES, Place.CONTEXT: _chat({"role": "user", "content": [_DOCUMENT]})},
        MESSAGE_ANSWER,
        BOTH,
        stream=("anthropic", "anthropic"),
    ),
    "messages, OpenAI": Cells(
        _MESSAGES, "up/small", MESSAGES, CHAT_ANSWER, BOTH, stream=("chat", "anthropic")
    ),
    "Gemini": Cells(
        f"{_GEMINI}/gem/m{_GENERATE}",
        "",
        GENERATE,
        GEMINI_ANSWER,
        BOTH,
        stream=("gemini", "gemini"),
        stream_path=f"{_GEMINI}/gem/m{_STREAMED}",
    ),
    "Gemini, OpenAI": Cells(
        f"{_GEMINI}/up/small{_GENERATE}",
        "",
        GENERATE,
        CHAT_ANSWER,
        BOTH,
        stream=("chat", "gemini"),
        stream_path=f"{_GEMINI}/up/small{_STREAMED}",
    ),
    "embeddings": Cells(
        "/v1/embeddings", "up/small", {Place.INPUT: {"input": ["a", TEXT]}}, {**OPENAI, "data": []}
    ),
    "moderations": Cells(
        "/v1/moderations", "up/small", {Place.INPUT: {"input": TEXT}}, {"id": "m", "results": []}
    ),
    "rerank": Cells(
        "/v1/rerank",
        "up/small",
        {Place.INPUT: {"query": TEXT, "documents": ["a"]}, Place.CONTEXT: _DOCUMENTS},
        {"results": [{"index": 0, "relevance_score": 0.5, "document": {"text": TEXT}}]},
        (Place.OUTPUT,),
    ),
    "classify": Cells(
        "/v1/classify", "up/small", {Place.INPUT: {"input": [TEXT]}}, {"id": "c", "data": []}
    ),
    "images": Cells(
        "/v1/images/generations",
        "up/small",
        {Place.INPUT: {"prompt": TEXT}},
        {"created": 1, "data": [{"revised_prompt": TEXT, "b64_json": "QUJD"}]},
        (Place.OUTPUT,),
    ),
    "image edits": Cells(
        "/v1/images/edits",
        "up/small",
        {Place.INPUT: {"prompt": TEXT}},
        {"created": 1, "data": [{"revised_prompt": TEXT, "b64_json": "QUJD"}]},
        (Place.OUTPUT,),
        form=True,
    ),
    "speech": Cells(
        "/v1/audio/speech", "up/small", {Place.INPUT: {"input": TEXT, "voice": "alloy"}}
    ),
    "transcriptions": Cells(
        "/v1/audio/transcriptions",
        "up/small",
        {Place.INPUT: {"prompt": TEXT}},
        {"text": TEXT},
        (Place.OUTPUT,),
        form=True,
    ),
    "passthrough": Cells(
        "/passthrough/pass/anything/else",
        "up/small",
        {**CHAT, Place.CONTEXT: _DOCUMENTS},
        CHAT_ANSWER,
        BOTH,
        stream=("chat", "chat"),
    ),
}
