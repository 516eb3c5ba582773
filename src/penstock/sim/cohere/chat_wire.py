"""Cohere's chat format (version 2): an answer as one document or as server-sent events."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from penstock.sim.answers import Answer, Choice, SimToolCall
from penstock.sim.json_documents import answer_script, text_value
from penstock.sim.script import EVENT_STREAM, Script, ScriptStep, StreamErrors

_FINISHES: Final = {
    "stop": "COMPLETE",
    "stop_sequence": "STOP_SEQUENCE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
}
_ERRORS: Final = StreamErrors(
    malformed=b'event: content-delta\ndata: {"type":"content-delta","index":0,"del\n\n',
    error=b'event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"ERROR",'
    b'"error":"internal server error"}}\n\n',
)

_encode: Final = msgspec.json.Encoder().encode


def answer_id(answer: Answer) -> str:
    """Returns the id of an answer."""
    key = answer.key[:32]
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"


def document(answer: Answer) -> Script:
    """The script of a whole answer."""
    choice = answer.choices[0]
    message: dict[str, Any] = {"role": "assistant"}
    content: list[dict[str, Any]] = []
    if choice.reasoning:
        content.append({"type": "thinking", "thinking": "".join(choice.reasoning)})
    if choice.text:
        content.append({"type": "text", "text": text_value(choice)})
    if content:
        message["content"] = content
    if choice.tool_calls:
        message["tool_calls"] = [_call(call, "".join(call.arguments)) for call in choice.tool_calls]
    return answer_script(
        answer,
        {
            "id": answer_id(answer),
            "finish_reason": _FINISHES[choice.finish],
            "message": message,
            "usage": _usage(answer),
        },
    )


def events(answer: Answer) -> Script:
    """The script of a stream."""
    return Script(EVENT_STREAM, tuple(_steps(answer)), head_first=True, errors=_ERRORS)


def _steps(answer: Answer) -> Iterator[ScriptStep]:
    choice = answer.choices[0]
    opening: dict[str, Any] = {
        "role": "assistant",
        "content": [],
        "tool_plan": "",
        "tool_calls": [],
    }
    yield _event("message-start", {"id": answer_id(answer), "delta": {"message": opening}})
    index = 0
    if choice.reasoning:
        yield from _content(index, "thinking", choice.reasoning, 1)
        index += 1
    if choice.text:
        yield from _text(index, choice)
    for number, call in enumerate(choice.tool_calls):
        yield from _call_steps(number, call)
    ending = {"finish_reason": _FINISHES[choice.finish], "usage": _usage(answer)}
    yield _event("message-end", {"delta": ending})


def _text(index: int, choice: Choice) -> Iterator[ScriptStep]:
    if not choice.huge:
        yield from _content(index, "text", choice.text, choice.piece_tokens)
        return
    start, piece, end = _content(index, "text", choice.text[:1], choice.piece_tokens)
    yield from (start, *[piece] * len(choice.text), end)


def _content(index: int, kind: str, pieces: Any, tokens: int) -> Iterator[ScriptStep]:
    start = {"content": {"type": kind, kind: ""}}
    yield _event("content-start", {"index": index, "delta": {"message": start}})
    for piece in pieces:
        delta = {"message": {"content": {kind: piece}}}
        yield _event("content-delta", {"index": index, "delta": delta}, tokens)
    yield _event("content-end", {"index": index})


def _call_steps(index: int, call: SimToolCall) -> Iterator[ScriptStep]:
    start = {"message": {"tool_calls": _call(call, "")}}
    yield _event("tool-call-start", {"index": index, "delta": start})
    for piece in call.arguments:
        delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
        yield _event("tool-call-delta", {"index": index, "delta": delta}, 1)
    yield _event("tool-call-end", {"index": index})


def _call(call: SimToolCall, arguments: str) -> dict[str, Any]:
    function = {"name": call.name, "arguments": arguments}
    return {"id": f"{call.name}_{call.key}", "type": "function", "function": function}


def _usage(answer: Answer) -> dict[str, Any]:
    counts = {"input_tokens": answer.prompt_tokens, "output_tokens": answer.completion_tokens}
    return {"billed_units": counts, "tokens": counts, "cached_tokens": answer.cached_tokens}


def _event(kind: str, members: dict[str, Any], tokens: int = 0) -> ScriptStep:
    data = _encode({"type": kind, **members})
    return ScriptStep(b"event: %b\ndata: %b\n\n" % (kind.encode(), data), tokens)
