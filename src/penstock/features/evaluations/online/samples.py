"""Makes samples of recorded calls."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, cast

from penstock.features.evaluations.online.model import MAX_SAMPLE_BYTES
from penstock.features.traces.model import CallPage, Cursor, Filter, RecordedRequest, SpanRecord
from penstock.kernel.errors import PenstockError
from penstock.rules.evaluation.recorded import Message, input_of, text_of, variables_of
from penstock.rules.evaluation.samples import Sample, SampleToolCall

_FACTS: Final = ("use_case", "environment", "release", "arm", "prompt_version", "segment")


class ArrivedCalls(Protocol):
    """The stored calls of projects, in the order of their storage."""

    def tail(
        self, project_id: str, *, after: Cursor | None, limit: int, wanted: Filter
    ) -> CallPage: ...
    def recorded_request(self, project_id: str, wanted: str) -> RecordedRequest: ...
    def request_of(self, call: SpanRecord) -> list[Message]: ...
    def answer_of(self, call: SpanRecord) -> list[Message]: ...


class NoContent(PenstockError):
    """A call whose content is not there, so that nothing can be measured."""

    status = 422


def sample_of(calls: ArrivedCalls, found: RecordedRequest, context_variable: str) -> Sample:
    """Returns what evaluators see of a call. What guardrails have masked stays masked. Raises
    `NoContent`, with the reason."""
    call, body = found.call, found.body
    if call.request_size + call.response_size > MAX_SAMPLE_BYTES:
        raise NoContent(f"The content of the call has more than {MAX_SAMPLE_BYTES} bytes.")
    if not body or (len(body) < call.request_size and not found.redacted):
        raise NoContent("The content of the call is not recorded completely.")
    answers = calls.answer_of(call)
    if not answers:
        raise NoContent("The answer of the call is not recorded.")
    first = answers[0]
    return Sample(
        item_id=call.span_id,
        input=input_of(body, calls.request_of(call)),
        output=text_of([first]),
        context=_passages(variables_of(body), context_variable),
        metadata=_metadata(found),
        tool_calls=tuple(_tool_calls(first)),
        finish_reason=str(first.get("finish_reason") or ""),
        latency_ms=call.duration_ns / 1e6,
        cost_usd=None if call.cost is None else float(call.cost),
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
    )


def _metadata(found: RecordedRequest) -> dict[str, Any]:
    call = found.call
    named = {name: call.caller.get(name, "") for name in _FACTS}
    known: dict[str, Any] = {name: value for name, value in named.items() if value}
    known["model"] = call.model or call.request_model
    if found.redacted:
        known["redacted"] = True
    return known


def _passages(variables: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A variable is a text, or a list of texts, or of objects with a text."""
    given = variables.get(name) if name else None
    if isinstance(given, str):
        return (given,) if given else ()
    if not isinstance(given, list):
        return ()
    return tuple(text for each in cast("list[object]", given) if (text := _passage(each)))


def _passage(given: object) -> str:
    if isinstance(given, str):
        return given
    members = cast("dict[str, object]", given) if isinstance(given, dict) else {}
    texts = (members.get(name) for name in ("text", "content", "page_content"))
    return next((text for text in texts if isinstance(text, str)), "")


def _tool_calls(message: Message) -> Sequence[SampleToolCall]:
    parts = [part for part in message.get("parts", ()) if part.get("type") == "tool_call"]
    return [SampleToolCall(str(part.get("name", "")), part.get("arguments")) for part in parts]
