"""Gemini's content format: an answer as one document, as server-sent events, or as an array."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any, Final

import msgspec

from penstock.sim.answers import Answer, Choice
from penstock.sim.gemini.errors import status_document
from penstock.sim.gemini.history import call_signature
from penstock.sim.json_documents import answer_script, text_value
from penstock.sim.prompts import SimPrompt
from penstock.sim.script import EVENT_STREAM, Script, ScriptStep, StreamErrors
from penstock.sim.signatures import seal

_FINISHES: Final = {
    "stop": "STOP",
    "stop_sequence": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
}
_MEDIA_TOKENS: Final = 85
_BROKEN: Final = b'{"candidates": [{"content": {"parts": [{"te'
_ERROR: Final = status_document(503, 0)

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class ContentWriter:
    """Writes one answer. `thinks`: the request thinks, so that calls and texts are signed."""

    answer: Answer
    prompt: SimPrompt
    thinks: bool

    @property
    def id(self) -> str:
        """The id of the answer."""
        return self.answer.key[:22]

    def document(self) -> Script:
        """The script of a whole answer."""
        candidates = [self._candidate(i, choice) for i, choice in enumerate(self.answer.choices)]
        return answer_script(self.answer, {"candidates": candidates, **self._ending()})

    def events(self, *, array: bool) -> Script:
        """The script of a stream: server-sent events, or one JSON array."""
        turns = zip_longest(*(self._steps(i, c) for i, c in enumerate(self.answer.choices)))
        steps = [step for step in chain.from_iterable(turns) if step is not None]
        if array:
            return self._array(steps)
        steps = [
            replace(step, data=b"data: " + step.data + b"\r\n\r\n") if step.data else step
            for step in steps
        ]
        errors = StreamErrors(
            malformed=b"data: " + _BROKEN + b"\r\n\r\n", error=b"data: " + _ERROR + b"\r\n\r\n"
        )
        return Script(EVENT_STREAM, tuple(steps), head_first=True, errors=errors)

    def _array(self, steps: list[ScriptStep]) -> Script:
        joint = b"["
        for number, step in enumerate(steps):
            if step.data:
                steps[number] = replace(step, data=joint + step.data)
                joint = b"\n,\r\n"
        steps.append(ScriptStep(b"]"))
        errors = StreamErrors(malformed=joint + _BROKEN, error=joint + _ERROR + b"]")
        return Script(b"application/json", tuple(steps), head_first=True, errors=errors)

    def _steps(self, index: int, choice: Choice) -> Iterator[ScriptStep]:
        if not choice.reasoning:
            yield ScriptStep(b"", choice.reasoning_tokens)
        for piece in choice.reasoning:
            yield self._chunk(index, {"text": piece, "thought": True}, 1)
        if choice.huge:
            step = self._chunk(index, {"text": choice.text[0]}, choice.piece_tokens)
            yield from [step] * len(choice.text)
        else:
            for piece in choice.text:
                yield self._chunk(index, {"text": piece}, 1)
        for call, part in self._calls(choice):
            yield self._chunk(index, part, call) if part else ScriptStep(b"", call)
        signed = choice.text and self.thinks
        last = [{"text": "", "thoughtSignature": self._text_signature()}] if signed else []
        finish = {"finishReason": _FINISHES[choice.finish], "index": index}
        candidate = {"content": _content(last), **finish}
        yield ScriptStep(_encode({"candidates": [candidate], **self._ending()}))

    def _chunk(self, index: int, part: dict[str, Any], tokens: int) -> ScriptStep:
        prompt = self.answer.prompt_tokens
        usage = {"promptTokenCount": prompt, "totalTokenCount": prompt}
        chunk = {
            "candidates": [{"content": _content([part]), "index": index}],
            "usageMetadata": usage,
            **self._identity(),
        }
        return ScriptStep(_encode(chunk), tokens)

    def _candidate(self, index: int, choice: Choice) -> dict[str, Any]:
        parts: list[dict[str, Any]] = []
        if choice.reasoning:
            parts.append({"text": "".join(choice.reasoning), "thought": True})
        if choice.text:
            signed = {"thoughtSignature": self._text_signature()} if self.thinks else {}
            parts.append({"text": text_value(choice), **signed})
        parts += [part for _, part in self._calls(choice) if part]
        finish = _FINISHES[choice.finish]
        return {"content": _content(parts), "finishReason": finish, "index": index}

    def _calls(self, choice: Choice) -> Iterator[tuple[int, dict[str, Any] | None]]:
        """Yields tokens and part of each call; no part if the limit cut it. The first is signed."""
        for number, call in enumerate(choice.tool_calls):
            if call.document is None:
                yield len(call.arguments), None
                continue
            part: dict[str, Any] = {
                "functionCall": {"id": call.key[:8], "name": call.name, "args": call.document}
            }
            if self.thinks and number == 0:
                part["thoughtSignature"] = call_signature(call.name, call.document)
            yield len(call.arguments), part

    def _text_signature(self) -> str:
        return seal(self.answer.key, "text")

    def _identity(self) -> dict[str, Any]:
        return {"modelVersion": self.answer.model, "responseId": self.id}

    def _ending(self) -> dict[str, Any]:
        return {"usageMetadata": self._usage(), **self._identity()}

    def _usage(self) -> dict[str, Any]:
        """Gemini's usage: thoughts are not among the candidates' tokens."""
        answer = self.answer
        usage: dict[str, Any] = {
            "promptTokenCount": answer.prompt_tokens,
            "candidatesTokenCount": answer.completion_tokens - answer.reasoning_tokens,
            "totalTokenCount": answer.prompt_tokens + answer.completion_tokens,
            "promptTokensDetails": token_details(self.prompt),
        }
        if answer.cached_tokens:
            usage["cachedContentTokenCount"] = answer.cached_tokens
            usage["cacheTokensDetails"] = _cached_details(self.prompt, answer.cached_tokens)
        if answer.reasoning_tokens:
            usage["thoughtsTokenCount"] = answer.reasoning_tokens
        return usage


def token_details(prompt: SimPrompt) -> list[dict[str, Any]]:
    """Returns the prompt's tokens by modality."""
    media = _media_tokens(prompt)
    return _by_modality(prompt.tokens - media, media)


def _cached_details(prompt: SimPrompt, cached: int) -> list[dict[str, Any]]:
    """Text is cached first."""
    text = min(cached, prompt.tokens - _media_tokens(prompt))
    return _by_modality(text, cached - text)


def _media_tokens(prompt: SimPrompt) -> int:
    return _MEDIA_TOKENS * sum(turn.media for turn in prompt.turns)


def _by_modality(text: int, media: int) -> list[dict[str, Any]]:
    details = [{"modality": "TEXT", "tokenCount": text}]
    return [*details, {"modality": "IMAGE", "tokenCount": media}] if media else details


def _content(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"parts": parts, "role": "model"} if parts else {"role": "model"}
