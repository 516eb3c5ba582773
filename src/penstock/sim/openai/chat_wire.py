"""OpenAI's chat completion format: an answer as one document or as server-sent events."""

from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import Any, Final

import msgspec

from penstock.sim.answers import Answer, Choice, SimToolCall
from penstock.sim.json_documents import answer_script, text_value
from penstock.sim.openai.errors import SERVER_ERROR
from penstock.sim.script import EVENT_STREAM, Script, ScriptStep, StreamErrors

DONE: Final = b"data: [DONE]\n\n"
FINISHES: Final = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
}

_encode: Final = msgspec.json.Encoder().encode

STREAM_ERRORS: Final = StreamErrors(
    malformed=b'data: {"id":"chatcmpl-broken","choices":[{"index":0,"delta":{"cont\n\n',
    error=b'data: {"error":{"message":"%s","type":"server_error","param":null,"code":null}}\n\n'
    % SERVER_ERROR.encode(),
)


def usage_document(answer: Answer) -> dict[str, Any]:
    """OpenAI's `usage` object, with cached and reasoning tokens."""
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


def answer_id(answer: Answer) -> str:
    """Returns the id of an answer."""
    return f"chatcmpl-{answer.key[:29]}"


def document(answer: Answer, created: int) -> Script:
    """The script of a `chat.completion` document, sent when all tokens are generated."""
    document = {
        "id": answer_id(answer),
        "object": "chat.completion",
        "created": created,
        "model": answer.model,
        "choices": [_choice_document(i, choice) for i, choice in enumerate(answer.choices)],
        "usage": usage_document(answer),
        "service_tier": "default",
        "system_fingerprint": "fp_sim",
    }
    return answer_script(answer, document)


def events(answer: Answer, created: int, *, include_usage: bool) -> Script:
    """The script of `chat.completion.chunk` events: one per token, choices interleaved."""
    head = (
        b'data: {"id":%s,"object":"chat.completion.chunk","created":%d,"model":%s,'
        b'"service_tier":"default","system_fingerprint":"fp_sim","choices":['
        % (_encode(answer_id(answer)), created, _encode(answer.model))
    )
    tail = b'],"usage":null}\n\n' if include_usage else b"]}\n\n"
    turns = zip_longest(*(_choice_steps(i, choice) for i, choice in enumerate(answer.choices)))
    steps: list[ScriptStep] = []
    last = whole = ScriptStep(b"")
    for part in filter(None, chain.from_iterable(turns)):
        if part is not last:  # a huge answer repeats one event; keep it in memory once
            last, whole = (
                part,
                ScriptStep(head + part.data + tail if part.data else b"", part.tokens),
            )
        steps.append(whole)
    if include_usage:
        usage = _encode(usage_document(answer))
        steps.append(ScriptStep(head + b'],"usage":' + usage + b"}\n\n"))
    steps.append(ScriptStep(DONE))
    return Script(EVENT_STREAM, tuple(steps), head_first=True, errors=STREAM_ERRORS)


def _choice_document(index: int, choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if choice.tool_calls else text_value(choice),
        "refusal": None,
        "annotations": [],
    }
    if choice.tool_calls:
        message["tool_calls"] = [
            {
                "id": f"call_{call.key}",
                "type": "function",
                "function": {"name": call.name, "arguments": "".join(call.arguments)},
            }
            for call in choice.tool_calls
        ]
    return {
        "index": index,
        "message": message,
        "logprobs": None,
        "finish_reason": FINISHES[choice.finish],
    }


def _choice_steps(index: int, choice: Choice) -> Iterator[ScriptStep]:
    """Yields the choice's part of each event: `{"index": …, "delta": …}`."""
    yield ScriptStep(b"", choice.reasoning_tokens)
    opening: dict[str, Any] = {"role": "assistant", "content": None if choice.tool_calls else ""}
    yield ScriptStep(_delta(index, _encode({**opening, "refusal": None})))
    if choice.huge:
        yield from [_content_step(index, choice.text[0], choice.piece_tokens)] * len(choice.text)
    else:
        yield from (_content_step(index, piece, 1) for piece in choice.text)
    for number, call in enumerate(choice.tool_calls):
        yield from _call_steps(index, number, call)
    yield ScriptStep(_delta(index, b"{}", FINISHES[choice.finish]))


def _content_step(index: int, piece: str, tokens: int) -> ScriptStep:
    return ScriptStep(_delta(index, b'{"content":' + _encode(piece) + b"}"), tokens)


def _call_steps(index: int, number: int, call: SimToolCall) -> Iterator[ScriptStep]:
    opening = {
        "index": number,
        "id": f"call_{call.key}",
        "type": "function",
        "function": {"name": call.name, "arguments": ""},
    }
    yield ScriptStep(_delta(index, _encode({"tool_calls": [opening]})))
    for piece in call.arguments:
        part = {"index": number, "function": {"arguments": piece}}
        yield ScriptStep(_delta(index, _encode({"tool_calls": [part]})), 1)


def _delta(index: int, delta: bytes, finish_reason: str | None = None) -> bytes:
    reason = b"null" if finish_reason is None else b'"%s"' % finish_reason.encode()
    return b'{"index":%d,"delta":%s,"logprobs":null,"finish_reason":%s}' % (index, delta, reason)
