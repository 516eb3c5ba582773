"""The responses format: an answer as one document or as server-sent events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from penstock.sim.answers import Answer, Choice, SimToolCall
from penstock.sim.json_documents import answer_script, text_value
from penstock.sim.openai.errors import SERVER_ERROR
from penstock.sim.openai.response_checks import REASONED
from penstock.sim.openai.response_requests import ResponseRequest
from penstock.sim.script import EVENT_STREAM, Script, ScriptStep, StreamErrors
from penstock.sim.signatures import seal

_ENCRYPTED: Final = "reasoning.encrypted_content"
_ERRORS: Final = StreamErrors(
    malformed=b'event: response.output_text.delta\ndata: {"type":"response.output_text.de\n\n',
    error=b'event: error\ndata: {"type":"error","sequence_number":0,"code":"server_error",'
    b'"message":"%s","param":null}\n\n' % SERVER_ERROR.encode(),
)

_END: Final = b"}\n\n"

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class ResponseWriter:
    """Writes one answer to a request."""

    answer: Answer
    request: ResponseRequest
    created: int

    @property
    def id(self) -> str:
        """The id of the response."""
        return f"resp_{self.answer.key}"

    def document(self) -> dict[str, Any]:
        """The whole response. A huge text is written by `script` only."""
        cut = self._choice.finish == "length"
        ending = {
            "status": "incomplete" if cut else "completed",
            "completed_at": None if cut else self.created,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "usage": self._usage(),
        }
        return {**self._response(), "output": self._items(), **ending}

    def script(self) -> Script:
        """The script of a document or a stream, as the request wants it."""
        if not self.request.stream:
            return answer_script(self.answer, self.document())
        sequence = _Sequence()
        steps = tuple(step for events in self._events() for step in sequence.numbered(events))
        return Script(EVENT_STREAM, steps, head_first=True, errors=_ERRORS)

    @property
    def _choice(self) -> Choice:
        return self.answer.choices[0]

    def _items(self) -> list[dict[str, Any]]:
        choice = self._choice
        items = [self._reasoning()] if self.answer.reasoning_tokens else []
        if choice.text:
            items.append(self._message(text_value(choice)))
        return items + [self._call(i, call) for i, call in enumerate(choice.tool_calls)]

    def _reasoning(self) -> dict[str, Any]:
        thought = "".join(self._choice.reasoning)
        item: dict[str, Any] = {
            "id": f"rs_{self.answer.key}",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": thought}] if thought else [],
        }
        if _ENCRYPTED in (self.request.include or ()):
            item["encrypted_content"] = seal(item["id"], "reasoning")
        return item

    def _message(self, text: object) -> dict[str, Any]:
        return {
            "id": f"msg_{self.answer.key}",
            "type": "message",
            "status": self._status(),
            "role": "assistant",
            "content": [_text_part(text)],
        }

    def _call(self, index: int, call: SimToolCall) -> dict[str, Any]:
        reasoned = REASONED if self.answer.reasoning_tokens else ""
        return {
            "id": f"fc_{self.answer.key}{index:02d}{reasoned}",
            "type": "function_call",
            "status": "completed" if call.document is not None else "incomplete",
            "call_id": f"call_{call.key}",
            "name": call.name,
            "arguments": "".join(call.arguments),
        }

    def _status(self) -> str:
        return "incomplete" if self._choice.finish == "length" else "completed"

    def _events(self) -> Iterator["_Events"]:
        """Yields the events, in groups of one kind."""
        started = {**self._response(), "status": "in_progress", "output": (), "usage": None}
        yield _Events("response.created", [{"response": started}])
        yield _Events("response.in_progress", [{"response": started}])
        index = 0
        if self.answer.reasoning_tokens:
            yield from self._reasoning_events()
            index = 1
        if self._choice.text:
            yield from self._message_events(index)
            index += 1
        for number, call in enumerate(self._choice.tool_calls):
            item = self._call(number, call)
            yield from _call_events(index + number, item, call.arguments)
        done = self.document() if not self._choice.huge else self._huge_document()
        yield _Events(f"response.{done['status']}", [{"response": done}])

    def _huge_document(self) -> dict[str, Any]:
        """The end of a huge stream: without the text, which the deltas have sent."""
        return {**self.document(), "output": [self._message("")]}

    def _reasoning_events(self) -> Iterator["_Events"]:
        item, pieces = self._reasoning(), self._choice.reasoning
        place = {"item_id": item["id"], "output_index": 0, "summary_index": 0}
        begun = {**item, "summary": ()}
        yield _Events("response.output_item.added", [{"output_index": 0, "item": begun}])
        if not pieces:
            yield _Events("", [{}], self.answer.reasoning_tokens)
        for part in item["summary"]:
            empty = {**part, "text": ""}
            summary = "response.reasoning_summary"
            yield _Events(f"{summary}_part.added", [{**place, "part": empty}])
            yield _Events(f"{summary}_text.delta", [{**place, "delta": p} for p in pieces], 1)
            yield _Events(f"{summary}_text.done", [{**place, "text": part["text"]}])
            yield _Events(f"{summary}_part.done", [{**place, "part": part}])
        yield _Events("response.output_item.done", [{"output_index": 0, "item": item}])

    def _message_events(self, index: int) -> Iterator["_Events"]:
        choice = self._choice
        text = "" if choice.huge else "".join(choice.text)
        item = self._message(text)
        place = {"item_id": item["id"], "output_index": index, "content_index": 0}
        begun = {**item, "status": "in_progress", "content": ()}
        yield _Events("response.output_item.added", [{"output_index": index, "item": begun}])
        yield _Events("response.content_part.added", [{**place, "part": _text_part("")}])
        yield self._deltas({**place, "logprobs": ()})
        done = {**place, "text": text, "logprobs": ()}
        yield _Events("response.output_text.done", [done])
        yield _Events("response.content_part.done", [{**place, "part": _text_part(text)}])
        yield _Events("response.output_item.done", [{"output_index": index, "item": item}])

    def _deltas(self, members: dict[str, Any]) -> "_Events":
        kind, choice = "response.output_text.delta", self._choice
        if choice.huge:
            return _Events(kind, [members] * len(choice.text), choice.piece_tokens, choice.text[0])
        return _Events(kind, [{**members, "delta": piece} for piece in choice.text], 1)

    def _usage(self) -> dict[str, Any]:
        answer = self.answer
        return {
            "input_tokens": answer.prompt_tokens,
            "input_tokens_details": {
                "cached_tokens": answer.cached_tokens,
                "cache_write_tokens": 0,
            },
            "output_tokens": answer.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        }

    def _response(self) -> dict[str, Any]:
        """The members that a response has from its beginning."""
        request = self.request
        reasoning, text = request.reasoning, request.text
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "background": bool(request.background),
            "error": None,
            "incomplete_details": None,
            "instructions": request.instructions,
            "max_output_tokens": request.max_output_tokens,
            "model": request.model,
            "parallel_tool_calls": request.parallel_tool_calls is not False,
            "previous_response_id": request.previous_response_id,
            "reasoning": {
                "effort": reasoning.effort if reasoning else None,
                "summary": reasoning.summary if reasoning else None,
            },
            "service_tier": "default",
            "temperature": 1.0 if request.temperature is None else request.temperature,
            "text": {
                "format": _format(request),
                "verbosity": (text.verbosity if text else None) or "medium",
            },
            "tool_choice": request.tool_choice or "auto",
            "tools": request.tools or [],
            "top_p": 1.0 if request.top_p is None else request.top_p,
            "truncation": request.truncation or "disabled",
            "metadata": request.metadata or {},
        }


@dataclass(frozen=True, slots=True)
class _Events:
    """Events of one kind, each after `tokens` more tokens. An empty kind sends nothing. `delta` is
    the large delta of all of them, in memory once."""

    kind: str
    members: Sequence[dict[str, Any]]
    tokens: int = 0
    delta: str = ""


class _Sequence:
    """Numbers the events of a stream."""

    def __init__(self) -> None:
        self._next = 0

    def numbered(self, events: _Events) -> Iterator[ScriptStep]:
        """Yields the steps of the events."""
        inside = ScriptStep(_encode(events.delta), events.tokens)
        for members in events.members:
            if not events.kind:
                yield ScriptStep(b"", events.tokens)
                continue
            document = {"type": events.kind, "sequence_number": self._next, **members}
            self._next += 1
            data = b"event: %s\ndata: %s\n\n" % (events.kind.encode(), _encode(document))
            if events.delta:
                yield ScriptStep(data[: -len(_END)] + b',"delta":')
                yield inside
                yield ScriptStep(_END)
            else:
                yield ScriptStep(data, events.tokens)


def _call_events(index: int, item: dict[str, Any], pieces: Sequence[str]) -> Iterator[_Events]:
    place = {"item_id": item["id"], "output_index": index}
    begun = {**item, "arguments": "", "status": "in_progress"}
    arguments = "response.function_call_arguments"
    yield _Events("response.output_item.added", [{"output_index": index, "item": begun}])
    yield _Events(f"{arguments}.delta", [{**place, "delta": piece} for piece in pieces], 1)
    yield _Events(f"{arguments}.done", [{**place, "arguments": item["arguments"]}])
    yield _Events("response.output_item.done", [{"output_index": index, "item": item}])


def _text_part(text: object) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _format(request: ResponseRequest) -> dict[str, Any]:
    shape = request.format
    if shape.type != "json_schema":
        return {"type": shape.type}
    return {
        "type": "json_schema",
        "name": shape.name,
        "schema": shape.schema,
        "strict": bool(shape.strict),
        "description": shape.description,
    }
