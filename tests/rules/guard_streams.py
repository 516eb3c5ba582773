"""Streams of all wire formats for tests of guardrails: how each writes a text and tool arguments in
pieces, and how a client puts them together again."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from penstock.rules.formats.sse_framing import EventFraming, SseFraming
from penstock.rules.wire.bedrock.event_stream import EventStreamReader
from penstock.rules.wire.bedrock.framing import BedrockFraming
from penstock.sim.bedrock.event_frames import event as frame


class Format(NamedTuple):
    """`write` makes the events of a text and of the arguments of a tool call. `read` returns both
    from the bytes that a client got."""

    write: Callable[[Sequence[str], Sequence[str]], list[bytes]]
    read: Callable[[bytes], tuple[str, str]]
    framing: Callable[[], EventFraming] = SseFraming


def sse(document: object, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(document)}\n\n".encode()


def documents(stream: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for event in SseFraming().split(stream):
        if event.data is not None and event.data != b"[DONE]":
            found.append(json.loads(event.data))
    return found


def _chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return sse({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]})


def _chat(text: Sequence[str], arguments: Sequence[str]) -> list[bytes]:
    events = [_chunk({"role": "assistant", "content": ""})]
    events += [_chunk({"content": piece}) for piece in text]
    start = {"index": 0, "id": "call_1", "function": {"name": "f", "arguments": ""}}
    events.append(_chunk({"tool_calls": [start]}))
    for piece in arguments:
        events.append(_chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))
    return [*events, _chunk({}, "tool_calls"), b"data: [DONE]\n\n"]


def _read_chat(stream: bytes) -> tuple[str, str]:
    assert stream.endswith(b"data: [DONE]\n\n")
    deltas = [each["choices"][0]["delta"] for each in documents(stream) if each["choices"]]
    calls = [call["function"] for delta in deltas for call in delta.get("tool_calls", ())]
    text = "".join(delta.get("content") or "" for delta in deltas)
    return text, "".join(call["arguments"] for call in calls)


def _completions(text: Sequence[str], arguments: Sequence[str]) -> list[bytes]:
    del arguments
    end = {"index": 0, "text": "", "finish_reason": "stop"}
    choices = [*({"index": 0, "text": piece} for piece in text), end]
    return [*(sse({"id": "cmpl-1", "choices": [each]}) for each in choices), b"data: [DONE]\n\n"]


def _read_completions(stream: bytes) -> tuple[str, str]:
    return "".join(each["choices"][0]["text"] for each in documents(stream)), ""


def _responses(text: Sequence[str], arguments: Sequence[str]) -> list[bytes]:
    whole, call = "".join(text), "".join(arguments)
    at = {"output_index": 0, "content_index": 0, "item_id": "msg_1"}
    part = {"type": "output_text", "text": whole, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}
    tool = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f"}
    empty, tool = {**tool, "arguments": ""}, {**tool, "arguments": call}
    response = {"id": "resp_1", "object": "response", "model": "m", "output": []}
    added = {"type": "response.output_item.added"}
    done = {"status": "completed", "output": [item, tool]}
    documents_: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**response, "status": "in_progress"}},
        {**added, "output_index": 0, "item": {**item, "content": []}},
        *({"type": "response.output_text.delta", **at, "delta": piece} for piece in text),
        {"type": "response.output_text.done", **at, "text": whole},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {**added, "output_index": 1, "item": empty},
        *(
            {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": piece}
            for piece in arguments
        ),
        {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": call},
        {"type": "response.output_item.done", "output_index": 1, "item": tool},
        {"type": "response.completed", "response": {**response, **done}},
    ]
    return [sse(each, each["type"]) for each in documents_]


def _read_responses(stream: bytes) -> tuple[str, str]:
    found = documents(stream)

    def joined(kind: str) -> str:
        return "".join(each["delta"] for each in found if each["type"] == f"response.{kind}.delta")

    text, arguments = joined("output_text"), joined("function_call_arguments")
    item, tool = found[-1]["response"]["output"]
    assert item["content"][0]["text"] == text  # what is repeated says the same
    assert tool["arguments"] == arguments
    assert _repeated(found, "text") <= {text}
    assert _repeated(found, "arguments") <= {arguments, ""}
    return text, arguments


def _repeated(found: list[dict[str, Any]], name: str) -> set[str]:
    """All values of a member in the events that repeat it."""
    values: set[str] = set()
    waiting: list[Any] = [each for each in found if not each["type"].endswith(".delta")]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            values |= {each[name]} if name in each else set()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return values - {""}


def _anthropic(text: Sequence[str], arguments: Sequence[str]) -> list[bytes]:
    def delta(index: int, **members: str) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": index, "delta": members}

    tool = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    documents_: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(delta(0, type="text_delta", text=piece) for piece in text),
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": tool},
        *(delta(1, type="input_json_delta", partial_json=piece) for piece in arguments),
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": usage},
        {"type": "message_stop"},
    ]
    return [sse(each, each["type"]) for each in documents_]


def _read_anthropic(stream: bytes) -> tuple[str, str]:
    deltas = [each["delta"] for each in documents(stream) if "index" in each and "delta" in each]
    text = "".join(delta.get("text", "") for delta in deltas)
    return text, "".join(delta.get("partial_json", "") for delta in deltas)


def _gemini(text: Sequence[str], arguments: Sequence[str]) -> list[bytes]:
    def chunk(part: dict[str, Any], **more: str) -> bytes:
        content = {"role": "model", "parts": [part]}
        return sse({"candidates": [{"content": content, "index": 0, **more}]})

    call = json.loads("".join(arguments) or "{}")
    events = [chunk({"text": piece}) for piece in text]
    return [*events, chunk({"functionCall": {"name": "f", "args": call}}, finishReason="STOP")]


def _read_gemini(stream: bytes) -> tuple[str, str]:
    contents = [each["candidates"][0].get("content", {}) for each in documents(stream)]
    parts = [part for content in contents for part in content.get("parts", ())]
    text = "".join(part.get("text", "") for part in parts)
    (call,) = [part["functionCall"]["args"] for part in parts if "functionCall" in part]
    return text, json.dumps(call, separators=(",", ":"))


def _cohere(text: Sequence[str], arguments: Sequence[str]) -> list[bytes]:
    def content(piece: str) -> dict[str, Any]:
        return {"message": {"content": {"text": piece}}}

    def call(piece: str) -> dict[str, Any]:
        return {"message": {"tool_calls": {"function": {"arguments": piece}}}}

    start = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
    usage = {"tokens": {"input_tokens": 1, "output_tokens": 1}}
    documents_: list[dict[str, Any]] = [
        {"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}},
        {"type": "content-start", "index": 0, "delta": content("")},
        *({"type": "content-delta", "index": 0, "delta": content(piece)} for piece in text),
        {"type": "content-end", "index": 0},
        {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": start}}},
        *({"type": "tool-call-delta", "index": 0, "delta": call(piece)} for piece in arguments),
        {"type": "tool-call-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": usage}},
    ]
    return [sse(each) for each in documents_]


def _read_cohere(stream: bytes) -> tuple[str, str]:
    messages = [
        each["delta"]["message"]
        for each in documents(stream)
        if "index" in each and "delta" in each
    ]
    text = "".join(each["content"]["text"] for each in messages if "content" in each)
    calls = [each["tool_calls"]["function"] for each in messages if "tool_calls" in each]
    return text, "".join(call["arguments"] for call in calls)


def _bedrock(text: Sequence[str], arguments: Sequence[str]) -> list[bytes]:
    def delta(index: int, members: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "contentBlockDelta", {"contentBlockIndex": index, "delta": members}

    tool = {"toolUseId": "call_1", "name": "f"}
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    events: list[tuple[str, dict[str, Any]]] = [
        ("messageStart", {"role": "assistant"}),
        *(delta(0, {"text": piece}) for piece in text),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": tool}}),
        *(delta(1, {"toolUse": {"input": piece}}) for piece in arguments),
        ("contentBlockStop", {"contentBlockIndex": 1}),
        ("messageStop", {"stopReason": "tool_use"}),
        ("metadata", {"usage": usage}),
    ]
    return [frame(kind, document) for kind, document in events]


def _read_bedrock(stream: bytes) -> tuple[str, str]:
    found = [json.loads(each.payload) for each in EventStreamReader().feed(stream)]
    deltas = [each["delta"] for each in found if "delta" in each]
    text = "".join(delta.get("text", "") for delta in deltas)
    return text, "".join(delta.get("toolUse", {}).get("input", "") for delta in deltas)


FORMATS = {
    "chat": Format(_chat, _read_chat),
    "completions": Format(_completions, _read_completions),
    "responses": Format(_responses, _read_responses),
    "anthropic": Format(_anthropic, _read_anthropic),
    "gemini": Format(_gemini, _read_gemini),
    "cohere": Format(_cohere, _read_cohere),
    "bedrock": Format(_bedrock, _read_bedrock, BedrockFraming),
}
