"""The Converse API's answers: one document, or the frames of an event stream."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from penstock.sim.answers import Answer, SimToolCall
from penstock.sim.bedrock.event_frames import FRAMES, event, exception
from penstock.sim.json_documents import answer_script, text_value
from penstock.sim.script import Script, ScriptStep, StreamErrors
from penstock.sim.signatures import sign

_STOPS: Final = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
}
_ERRORS: Final = StreamErrors(
    malformed=event("contentBlockDelta", {"contentBlockIndex": 0})[:-1] + b"\0",
    error=exception("internalServerException", "The server failed while it processed the request."),
)


def answer_id(answer: Answer) -> str:
    """Returns the request id of an answer."""
    key = answer.key[:32]
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"


def document(answer: Answer) -> Script:
    """The script of a whole answer. A call that the token limit cut is left out."""
    choice = answer.choices[0]
    content: list[dict[str, Any]] = []
    if choice.reasoning:
        text = "".join(choice.reasoning)
        signed = {"text": text, "signature": sign("converse", text)}
        content.append({"reasoningContent": {"reasoningText": signed}})
    if choice.text:
        content.append({"text": text_value(choice)})
    content += [
        {"toolUse": {**_called(call), "input": call.document}}
        for call in choice.tool_calls
        if call.document is not None
    ]
    return answer_script(
        answer,
        {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": _STOPS[choice.finish],
            **_ending(answer),
        },
    )


def frames(answer: Answer) -> Script:
    """The script of a stream."""
    return Script(FRAMES, tuple(_steps(answer)), head_first=True, errors=_ERRORS)


def _steps(answer: Answer) -> Iterator[ScriptStep]:
    choice = answer.choices[0]
    yield _step("messageStart", {"role": "assistant"})
    index = 0
    if choice.reasoning:
        signature = sign("converse", "".join(choice.reasoning))
        deltas = [_reasoning(index, {"text": piece}, 1) for piece in choice.reasoning]
        deltas.append(_reasoning(index, {"signature": signature}))
        yield from (*deltas, _step("contentBlockStop", {"contentBlockIndex": index}))
        index += 1
    if choice.text:
        yield from _text(index, choice.text, choice.piece_tokens)
        yield _step("contentBlockStop", {"contentBlockIndex": index})
        index += 1
    for call in choice.tool_calls:
        yield from _call(index, call)
        index += 1
    yield _step("messageStop", {"stopReason": _STOPS[choice.finish]})
    yield _step("metadata", _ending(answer))


def _text(index: int, pieces: Sequence[str], tokens: int) -> Iterator[ScriptStep]:
    """Yields the deltas of a text. A huge one repeats one piece, which is kept once."""
    last, step = "", ScriptStep(b"")
    for piece in pieces:
        if piece is not last:
            delta = {"delta": {"text": piece}, "contentBlockIndex": index}
            last, step = piece, _step("contentBlockDelta", delta, tokens)
        yield step


def _call(index: int, call: SimToolCall) -> Iterator[ScriptStep]:
    start = {"start": {"toolUse": _called(call)}, "contentBlockIndex": index}
    yield _step("contentBlockStart", start)
    for piece in call.arguments:
        delta = {"delta": {"toolUse": {"input": piece}}, "contentBlockIndex": index}
        yield _step("contentBlockDelta", delta, 1)
    yield _step("contentBlockStop", {"contentBlockIndex": index})


def _reasoning(index: int, part: dict[str, str], tokens: int = 0) -> ScriptStep:
    delta = {"delta": {"reasoningContent": part}, "contentBlockIndex": index}
    return _step("contentBlockDelta", delta, tokens)


def _called(call: SimToolCall) -> dict[str, Any]:
    return {"toolUseId": f"tooluse_{call.key}", "name": call.name}


def _ending(answer: Answer) -> dict[str, Any]:
    """Usage (`inputTokens` are those that were not cached) and metrics."""
    fresh = answer.prompt_tokens - answer.cached_tokens
    usage = {
        "inputTokens": fresh,
        "outputTokens": answer.completion_tokens,
        "totalTokens": answer.prompt_tokens + answer.completion_tokens,
        "cacheReadInputTokens": answer.cached_tokens,
        "cacheWriteInputTokens": 0,
    }
    return {"usage": usage, "metrics": {"latencyMs": 1}}


def _step(kind: str, members: dict[str, Any], tokens: int = 0) -> ScriptStep:
    return ScriptStep(event(kind, members), tokens)
