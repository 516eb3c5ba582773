"""OpenAI's chat completion format: an answer as one document or as server-sent events."""

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any, Final

import msgspec

from penstock.sim.answers import Answer, Choice, SimToolCall
from penstock.sim.script import Script, ScriptStep

DONE: Final = b"data: [DONE]\n\n"
_PLACE: Final = (
    b'"\\u0000huge\\u0000"'  # stands for a huge text in a document; no generated text contains it
)

_encode: Final = msgspec.json.Encoder().encode


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


def document(answer: Answer, created: int) -> Script:
    """The script of a `chat.completion` document, sent when all tokens are generated."""
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
    first, *rest = body.split(_PLACE)
    steps = [ScriptStep(first, tokens=answer.completion_tokens)]
    for part in rest:
        steps += _huge_content(answer.choices[0].text)
        steps.append(ScriptStep(part))
    length = sum(len(step.data) for step in steps)
    return Script(b"application/json", tuple(steps), head_first=False, length=length)


def _huge_content(pieces: Sequence[str]) -> list[ScriptStep]:
    """The steps of a JSON string that repeats one piece; the piece is in memory once."""
    inside = ScriptStep(_encode(pieces[0])[1:-1])
    return [ScriptStep(b'"'), *[inside] * len(pieces), ScriptStep(b'"')]


def events(answer: Answer, created: int, *, include_usage: bool) -> Script:
    """The script of `chat.completion.chunk` events: one per token, choices interleaved."""
    head = (
        b'data: {"id":%s,"object":"chat.completion.chunk","created":%d,"model":%s,'
        b'"service_tier":"default","system_fingerprint":"fp_sim","choices":['
        % (_encode(answer.id), created, _encode(answer.model))
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
    return Script(b"text/event-stream; charset=utf-8", tuple(steps), head_first=True)


def _choice_document(index: int, choice: Choice) -> dict[str, Any]:
    text = msgspec.Raw(_PLACE) if choice.huge else "".join(choice.text)
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
    yield ScriptStep(_delta(index, b"{}", choice.finish_reason))


def _content_step(index: int, piece: str, tokens: int) -> ScriptStep:
    return ScriptStep(_delta(index, b'{"content":' + _encode(piece) + b"}"), tokens)


def _call_steps(index: int, number: int, call: SimToolCall) -> Iterator[ScriptStep]:
    opening = {
        "index": number,
        "id": call.id,
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
