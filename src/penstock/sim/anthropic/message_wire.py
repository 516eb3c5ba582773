"""Anthropic's message format: an answer as one document or as server-sent events."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from penstock.sim.answers import Answer, Choice, SimToolCall
from penstock.sim.anthropic.caching import CacheUse
from penstock.sim.json_documents import answer_script, text_value
from penstock.sim.script import EVENT_STREAM, Script, ScriptStep, StreamErrors
from penstock.sim.signatures import seal, sign

_STOPS: Final = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
}
_ERRORS: Final = StreamErrors(
    malformed=b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"del\n\n',
    error=b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error",'
    b'"message":"Overloaded"}}\n\n',
)
_PING: Final = ScriptStep(b'event: ping\ndata: {"type": "ping"}\n\n')

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class MessageWriter:
    """Writes one answer. `display` is how the request wants its thinking: `summarized`, `omitted`
    or `redacted`."""

    answer: Answer
    cache: CacheUse
    display: str = "summarized"

    @property
    def id(self) -> str:
        """The id of the answer."""
        return f"msg_{self.answer.key[:24]}"

    def document(self) -> Script:
        """The script of a whole message."""
        choice = self._choice
        content = [part["block"] for part in self._thinking()]
        if choice.text:
            content.append({"type": "text", "text": text_value(choice)})
        content += [
            {**_call_block(call), "input": call.document}
            for call in choice.tool_calls
            if call.document is not None
        ]
        ending = {**self._ending(), "usage": self._usage(self.answer.completion_tokens)}
        ending["usage"] |= self._details()
        return answer_script(self.answer, {**self._message(), "content": content, **ending})

    def events(self) -> Script:
        """The script of a stream."""
        steps = list(self._steps())
        return Script(EVENT_STREAM, tuple(steps), head_first=True, errors=_ERRORS)

    @property
    def _choice(self) -> Choice:
        return self.answer.choices[0]

    def _steps(self) -> Iterator[ScriptStep]:
        usage = self._usage(min(1, self.answer.completion_tokens))
        start = {"content": (), "stop_reason": None, "stop_sequence": None, "usage": usage}
        yield _event("message_start", {"message": {**self._message(), **start}})
        yield _PING
        index = 0
        for part in self._thinking():
            yield from _block_steps(index, part["start"], part["steps"])
            index += 1
        if self._choice.text:
            start = {"type": "text", "text": ""}
            yield from _block_steps(index, start, _text_steps(index, self._choice))
            index += 1
        for call in self._choice.tool_calls:
            if call.document is None:
                yield ScriptStep(b"", len(call.arguments))
                continue
            steps = _call_steps(index, call)
            yield from _block_steps(index, _call_block(call), steps)
            index += 1
        delta = {**self._ending(), "stop_details": None}
        usage = {"output_tokens": self.answer.completion_tokens, **self._details()}
        yield _event("message_delta", {"delta": delta, "usage": usage})
        yield _event("message_stop", {})

    def _message(self) -> dict[str, Any]:
        model = self.answer.model
        return {"id": self.id, "type": "message", "role": "assistant", "model": model}

    def _ending(self) -> dict[str, Any]:
        choice = self._choice
        return {"stop_reason": _STOPS[choice.finish], "stop_sequence": choice.stop_sequence}

    def _usage(self, output_tokens: int) -> dict[str, Any]:
        """Anthropic's `usage`. `input_tokens` are those neither read from the cache nor written."""
        cache = self.cache
        written = cache.written_5m + cache.written_1h
        return {
            "input_tokens": self.answer.prompt_tokens - cache.read - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": cache.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": cache.written_5m,
                "ephemeral_1h_input_tokens": cache.written_1h,
            },
            "output_tokens": output_tokens,
            "service_tier": "standard",
        }

    def _details(self) -> dict[str, Any]:
        return {"output_tokens_details": {"thinking_tokens": self.answer.reasoning_tokens}}

    def _thinking(self) -> Iterator[dict[str, Any]]:
        """Yields the block of thinking, if there is one: `block`, `start` and `steps`."""
        pieces = self._choice.reasoning
        if not pieces:
            return
        text = "".join(pieces)
        if self.display == "redacted":
            block = {"type": "redacted_thinking", "data": seal(text, "redacted_thinking")}
            yield {"block": block, "start": block, "steps": [ScriptStep(b"", len(pieces))]}
            return
        shown = "" if self.display == "omitted" else text
        signature = sign("thinking", shown)
        block = {"type": "thinking", "thinking": shown, "signature": signature}
        steps = [ScriptStep(b"", len(pieces))]
        if shown:
            steps = [_delta(0, "thinking_delta", "thinking", piece, 1) for piece in pieces]
        steps.append(_delta(0, "signature_delta", "signature", signature))
        yield {"block": block, "start": {**block, "thinking": "", "signature": ""}, "steps": steps}


def _call_block(call: SimToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{call.key}", "name": call.name, "input": {}}


def _block_steps(
    index: int, start: dict[str, Any], steps: list[ScriptStep]
) -> Iterator[ScriptStep]:
    yield _event("content_block_start", {"index": index, "content_block": start})
    yield from steps
    yield _event("content_block_stop", {"index": index})


def _text_steps(index: int, choice: Choice) -> list[ScriptStep]:
    if choice.huge:
        step = _delta(index, "text_delta", "text", choice.text[0], choice.piece_tokens)
        return [step] * len(choice.text)
    return [_delta(index, "text_delta", "text", piece, 1) for piece in choice.text]


def _call_steps(index: int, call: SimToolCall) -> list[ScriptStep]:
    """The parts of a call's input. One without arguments has only the empty part."""
    empty = _delta(index, "input_json_delta", "partial_json", "")
    if not call.document:
        return [empty, ScriptStep(b"", len(call.arguments))]
    parts = [_delta(index, "input_json_delta", "partial_json", p, 1) for p in call.arguments]
    return [empty, *parts]


def _delta(index: int, kind: str, member: str, piece: str, tokens: int = 0) -> ScriptStep:
    return ScriptStep(
        b"event: content_block_delta\n"
        b'data: {"type":"content_block_delta","index":%d,"delta":{"type":"%s","%s":%s}}\n\n'
        % (index, kind.encode(), member.encode(), _encode(piece)),
        tokens,
    )


def _event(kind: str, members: dict[str, Any]) -> ScriptStep:
    data = _encode({"type": kind, **members})
    return ScriptStep(b"event: %s\ndata: %s\n\n" % (kind.encode(), data))
