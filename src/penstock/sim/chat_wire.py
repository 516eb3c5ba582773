"""OpenAI's chat completions on the wire: an answer as one document, or as server-sent events."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Final

import msgspec

from penstock.sim.answers import Answer, Choice, ToolCall
from penstock.sim.script import Script, Step

DONE: Final = b"data: [DONE]\n\n"

_encode: Final = msgspec.json.Encoder().encode


def usage_document(answer: Answer) -> dict[str, Any]:
    """`usage` as OpenAI gives it, with cached and reasoning tokens."""
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": answer.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def document(answer: Answer, created: int) -> Script:
    """`chat.completion`: goes out when all tokens are there."""
    body = _encode(
        {
            "id": answer.id,
            "object": "chat.completion",
            "created": created,
            "model": answer.model,
            "choices": [_choice_document(i, choice) for i, choice in enumerate(answer.choices)],
            "usage": usage_document(answer),
            "service_tier": "default",
            "system_fingerprint": "fp_sim",
        }
    )
    steps = (Step(body, tokens=answer.completion_tokens),)
    return Script(b"application/json", steps, head_first=False, length=len(body))


def events(answer: Answer, created: int, *, include_usage: bool) -> Script:
    """`chat.completion.chunk` events, one per token; choices take turns."""
    head = (
        b'data: {"id":%s,"object":"chat.completion.chunk","created":%d,"model":%s,'
        b'"service_tier":"default","system_fingerprint":"fp_sim","choices":['
        % (_encode(answer.id), created, _encode(answer.model))
    )
    tail = b'],"usage":null}\n\n' if include_usage else b"]}\n\n"
    turns = zip_longest(*(_choice_steps(i, choice) for i, choice in enumerate(answer.choices)))
    steps = [
        Step(head + step.data + tail if step.data else b"", step.tokens)
        for turn in turns
        for step in turn
        if step is not None
    ]
    if include_usage:
        usage = _encode(usage_document(answer))
        steps.append(Step(head + b'],"usage":' + usage + b"}\n\n"))
    steps.append(Step(DONE))
    return Script(b"text/event-stream; charset=utf-8", tuple(steps), head_first=True)


def _choice_document(index: int, choice: Choice) -> dict[str, Any]:
    text = "".join(choice.text)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if choice.tool_calls else text,
        "refusal": None,
        "annotations": [],
    }
    if choice.tool_calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": "".join(call.arguments)},
            }
            for call in choice.tool_calls
        ]
    return {
        "index": index,
        "message": message,
        "logprobs": None,
        "finish_reason": choice.finish_reason,
    }


def _choice_steps(index: int, choice: Choice) -> Iterator[Step]:
    """The choice's part of each event: `{"index": …, "delta": …}`."""
    yield Step(b"", choice.reasoning_tokens)
    opening: dict[str, Any] = {"role": "assistant", "content": None if choice.tool_calls else ""}
    yield Step(_delta(index, _encode({**opening, "refusal": None})))
    for piece in choice.text:
        yield Step(_delta(index, b'{"content":' + _encode(piece) + b"}"), choice.piece_tokens)
    for number, call in enumerate(choice.tool_calls):
        yield from _call_steps(index, number, call)
    yield Step(_delta(index, b"{}", choice.finish_reason))


def _call_steps(index: int, number: int, call: ToolCall) -> Iterator[Step]:
    opening = {
        "index": number,
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": ""},
    }
    yield Step(_delta(index, _encode({"tool_calls": [opening]})))
    for piece in call.arguments:
        part = {"index": number, "function": {"arguments": piece}}
        yield Step(_delta(index, _encode({"tool_calls": [part]})), 1)


def _delta(index: int, delta: bytes, finish_reason: str | None = None) -> bytes:
    reason = b"null" if finish_reason is None else b'"%s"' % finish_reason.encode()
    return b'{"index":%d,"delta":%s,"logprobs":null,"finish_reason":%s}' % (index, delta, reason)
