"""Answers of the Responses API as OpenAI sends them, for a provider on a plain socket. Shares no
code with Penstock."""

import json
from typing import Any

USAGE = {
    "input_tokens": 14,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 23,
}


def message(text: str, id_: str = "msg_1") -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    item = {"id": id_, "type": "message", "status": "completed", "role": "assistant"}
    return {**item, "content": [part]}


def call(name: str, arguments: str, call_id: str = "call_1") -> dict[str, Any]:
    item = {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": call_id}
    return {**item, "name": name, "arguments": arguments}


def reasoning(text: str, encrypted: str | None = None) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": text}]
    item = {"id": "rs_1", "type": "reasoning", "summary": summary}
    return {**item, "encrypted_content": encrypted}


def response(*items: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A whole answer."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_790_000_000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": "small-2026-01-01",
        "output": list(items),
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": USAGE,
        **members,
    }


def events(*items: dict[str, Any], last: str = "completed", **members: Any) -> list[bytes]:
    """The events of a stream with these items, each text and argument in two deltas."""
    begun = response(status="in_progress", usage=None)
    found: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(items):
        found += _item(index, item)
    whole = response(*items, status=last, **members)
    found.append({"type": f"response.{last}", "response": whole})
    return [event({**one, "sequence_number": at}) for at, one in enumerate(found)]


def event(document: dict[str, Any]) -> bytes:
    name = str(document["type"]).encode()
    return b"event: %b\ndata: %b\n\n" % (name, json.dumps(document, ensure_ascii=False).encode())


def _item(index: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    at = {"output_index": index}
    inside = {"item_id": item["id"], **at}
    empty = {
        "message": {"content": [], "status": "in_progress"},
        "function_call": {"arguments": "", "status": "in_progress"},
        "reasoning": {"summary": [], "encrypted_content": None},
    }[item["type"]]
    match item["type"]:
        case "message":
            steps = _text(inside, item["content"][0])
        case "function_call":
            half = len(item["arguments"]) // 2
            name = "response.function_call_arguments"
            steps = [
                {"type": f"{name}.delta", **inside, "delta": item["arguments"][:half]},
                {"type": f"{name}.delta", **inside, "delta": item["arguments"][half:]},
                {"type": f"{name}.done", **inside, "arguments": item["arguments"]},
            ]
        case _:
            steps = _summary({**inside, "summary_index": 0}, item["summary"][0])
    return [
        {"type": "response.output_item.added", **at, "item": {**item, **empty}},
        *steps,
        {"type": "response.output_item.done", **at, "item": item},
    ]


def _text(inside: dict[str, Any], part: dict[str, Any]) -> list[dict[str, Any]]:
    where = {**inside, "content_index": 0}
    half = len(part["text"]) // 2
    deltas = [part["text"][:half], part["text"][half:]]
    return [
        {"type": "response.content_part.added", **where, "part": {**part, "text": ""}},
        *(
            {"type": "response.output_text.delta", **where, "delta": delta, "logprobs": []}
            for delta in deltas
        ),
        {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **where, "part": part},
    ]


def _summary(where: dict[str, Any], part: dict[str, Any]) -> list[dict[str, Any]]:
    name = "response.reasoning_summary"
    return [
        {"type": f"{name}_part.added", **where, "part": {**part, "text": ""}},
        {"type": f"{name}_text.delta", **where, "delta": part["text"]},
        {"type": f"{name}_text.done", **where, "text": part["text"]},
        {"type": f"{name}_part.done", **where, "part": part},
    ]
