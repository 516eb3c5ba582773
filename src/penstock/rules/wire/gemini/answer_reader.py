"""Reads answers as neutral events: chunks of a stream, and whole answers."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.json_text import decode_json, decode_whole_json
from penstock.rules.neutral.answer import (
    MAX_NAME_CHARS,
    AnswerEvent,
    AnswerFacts,
    AnswerStarted,
    ChoiceFinished,
    FinishReason,
    MediaAdded,
    OtherAdded,
    ReasoningDelta,
    ReasoningEnded,
    RefusalDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
    bounded_facts,
)
from penstock.rules.neutral.conversation import Other
from penstock.rules.wire.gemini.chunks import (
    GeminiCandidate,
    GeminiChunk,
    PromptFeedback,
    RawGeminiCandidate,
    RawGeminiChunk,
    read_chunk,
)
from penstock.rules.wire.gemini.citations import CitationReader
from penstock.rules.wire.gemini.parts import (
    DIALECT,
    FunctionCall,
    GeminiPartShape,
    arguments_text,
    read_media,
)
from penstock.rules.wire.gemini.searches import SearchCount
from penstock.rules.wire.gemini.usage import read_usage
from penstock.rules.wire.sse_stream import ErrorReported
from penstock.rules.wire.tail import last_object

MAX_CHOICES: Final = 128  # of one answer; one with more is malformed
MAX_TOOL_CALLS: Final = 1024  # of one answer; one with more is malformed
_UNSPECIFIED: Final = "FINISH_REASON_UNSPECIFIED"
_FILTERED: Final = (
    *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR"),
)
_REASONS: Final = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    **dict.fromkeys(_FILTERED, FinishReason.CONTENT_FILTER),
}
_MODEL: Final = re.compile(rb'"modelVersion"\s*:\s*"([^"\\]{1,256})"')
_part: Final = msgspec.json.Decoder(GeminiPartShape)
_any: Final = msgspec.json.Decoder()


class GeminiChunkReader:
    """Turns the chunks of one answer into events: an `EventReader`.

    There is no terminal event: the body may end once each choice has a reason.
    """

    def __init__(self) -> None:
        self.ended = False
        self.may_end = False
        self._id = self._model = ""
        self._started = False
        self._open: set[int] = set()
        self._calls: dict[int, int] = {}
        self._call_count = 0
        self._citations = CitationReader()
        self._searches = SearchCount()

    def read(self, name: bytes, data: bytes) -> Sequence[AnswerEvent]:
        """Returns the events of one chunk. Raises as `EventReader.read`."""
        chunk = read_chunk(data)
        if chunk.error or name == b"error":
            raise ErrorReported(data)
        return list(self.events(chunk))

    def events(self, chunk: GeminiChunk | RawGeminiChunk) -> Iterator[AnswerEvent]:
        """Yields the events of one chunk. Raises `UpstreamFailed` for what breaks a limit."""
        if not self._started:
            self._started = True
            self._id = (chunk.response_id or "")[:MAX_NAME_CHARS]
            self._model = (chunk.model_version or "")[:MAX_NAME_CHARS]
            yield AnswerStarted(self._id, self._model)
        if chunk.prompt_feedback is not None:
            yield from self._blocked(chunk.prompt_feedback)
        for candidate in chunk.candidates or ():
            yield from self._candidate(candidate)
        if (usage := read_usage(bytes(chunk.usage_metadata))) is not None:
            yield UsageReported(self._searches.added_to(usage[0], self._model), usage[1])

    def _blocked(self, feedback: PromptFeedback) -> Iterator[AnswerEvent]:
        """The prompt was blocked: the answer has no candidates."""
        if feedback.block_reason:
            if feedback.block_reason_message:
                yield RefusalDelta(0, feedback.block_reason_message)
            yield ChoiceFinished(0, FinishReason.CONTENT_FILTER, raw=feedback.block_reason)
            self.may_end = not self._open

    def _candidate(self, candidate: GeminiCandidate | RawGeminiCandidate) -> Iterator[AnswerEvent]:
        choice = candidate.index or 0
        if not 0 <= choice < MAX_CHOICES:
            raise _malformed("too many choices")
        if choice not in self._calls:
            self._calls[choice] = 0
            self._open.add(choice)
        content = candidate.content
        for part in (content.parts if content is not None else None) or ():
            yield from self._any_part(choice, part)
        yield from self._extras(choice, candidate)
        reason = candidate.finish_reason
        if reason and reason != _UNSPECIFIED:
            yield ChoiceFinished(choice, self._reason(choice, reason), raw=reason)
            self._open.discard(choice)
        self.may_end = not self._open

    def _reason(self, choice: int, reason: str) -> FinishReason:
        if reason == "STOP" and self._calls[choice]:
            return FinishReason.TOOL_CALLS
        return _REASONS.get(reason, FinishReason.OTHER)

    def _any_part(self, choice: int, part: GeminiPartShape | msgspec.Raw) -> Iterator[AnswerEvent]:
        if isinstance(part, msgspec.Raw):
            try:
                known = decode_json(_part, bytes(part))
            except msgspec.ValidationError:
                yield OtherAdded(choice, Other(DIALECT, "part", bytes(part)))
                return
        else:
            known = part
        if not known.is_plain() or known.function_response is not None:
            yield OtherAdded(choice, Other(DIALECT, "part", msgspec.json.encode(known)))
            return
        yield from self._part(choice, known)

    def _part(self, choice: int, part: GeminiPartShape) -> Iterator[AnswerEvent]:
        signature = part.thought_signature or ""
        if part.function_call is not None:
            yield from self._call(choice, part.function_call, signature)
            return
        if part.text is not None:
            if part.text:
                self._citations.add_text(choice, "" if part.thought else part.text)
                delta = ReasoningDelta if part.thought else TextDelta
                yield delta(choice, part.text)
        elif (media := read_media(part.inline_data, part.file_data)) is not None:
            yield MediaAdded(choice, media)
        else:
            yield OtherAdded(choice, Other(DIALECT, "part", msgspec.json.encode(part)))
        if signature:
            yield ReasoningEnded(choice, signature)

    def _call(self, choice: int, call: FunctionCall, signature: str) -> Iterator[AnswerEvent]:
        self._call_count += 1
        if self._call_count > MAX_TOOL_CALLS:
            raise _malformed("too many tool calls")
        arguments = arguments_text(call.args)
        if arguments is None:
            raise _malformed("a tool call whose arguments are no object")
        number = self._calls[choice]
        self._calls[choice] += 1
        id_ = call.id or self._new_id(call.name, arguments)
        yield ToolCallStarted(choice, number, id_, call.name, signature)
        yield ToolArgumentsDelta(choice, number, arguments)

    def _new_id(self, name: str, arguments: str) -> str:
        """An id that no other call of the conversation has, or only one of the same function."""
        text = f"{self._id} {self._call_count if self._id else ''} {name} {arguments}"
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        return f"call_{digest[:24]}"

    def _extras(
        self, choice: int, candidate: GeminiCandidate | RawGeminiCandidate
    ) -> Iterator[AnswerEvent]:
        """Yields the citations, and what only this dialect can express. Each chunk repeats the
        ratings: those of the last one are taken."""
        extras = {
            "citationMetadata": candidate.citation_metadata,
            "groundingMetadata": candidate.grounding_metadata,
            "urlContextMetadata": candidate.url_context_metadata,
            "logprobsResult": candidate.logprobs_result,
        }
        if candidate.finish_reason:
            extras["finishMessage"] = candidate.finish_message
            extras["safetyRatings"] = candidate.safety_ratings
            extras["avgLogprobs"] = candidate.avg_logprobs
        found = {name: raw for name, raw in extras.items() if raw and bytes(raw) != b"null"}
        if found:
            self._searches.add(candidate.grounding_metadata)
            yield from self._citations.read(
                choice, candidate.grounding_metadata, candidate.citation_metadata
            )
            yield OtherAdded(choice, Other(DIALECT, "candidate", msgspec.json.encode(found)))


def read_events(body: bytes) -> list[AnswerEvent]:
    """Reads the events of a whole answer. Raises `UpstreamFailed` if it is not a chat answer."""
    try:
        chunk = read_chunk(body)
    except msgspec.DecodeError:
        raise UpstreamFailed(
            "The provider's answer is not a chat answer.", code="upstream_malformed"
        ) from None
    return list(GeminiChunkReader().events(chunk))


def read_facts(body: bytes) -> AnswerFacts:
    """Reads the facts of a whole answer; JSON of another shape has none. Raises `UpstreamFailed` if
    the body is not JSON."""
    try:
        found = read_chunk(body)
    except msgspec.ValidationError:
        return _without_facts(body)
    except msgspec.DecodeError:
        raise _no_json() from None
    usage = read_usage(bytes(found.usage_metadata))
    candidates = (found.candidates or ())[:MAX_CHOICES]
    reasons = [each.finish_reason for each in candidates]
    searches = SearchCount()
    for each in candidates:
        searches.add(each.grounding_metadata)
    blocked = found.prompt_feedback.block_reason if found.prompt_feedback is not None else None
    return bounded_facts(
        found.response_id,
        found.model_version,
        reasons or [blocked],
        searches.added_to(usage[0], found.model_version or "") if usage is not None else None,
        usage[1] if usage is not None else None,
        reports_error=bool(found.error),
    )


def facts_in_tail(tail: bytes) -> AnswerFacts:
    """Reads the usage from the end of an answer that is too large to keep whole."""
    usage = read_usage(last_object(tail, b"usageMetadata"))
    if usage is None:
        return AnswerFacts()
    searches, model = SearchCount(), _MODEL.search(tail)
    searches.add(last_object(tail, b"groundingMetadata"))
    named = model[1].decode("utf-8", "replace") if model is not None else ""
    return AnswerFacts(usage=searches.added_to(usage[0], named), service_tier=usage[1])


def _without_facts(body: bytes) -> AnswerFacts:
    try:
        decode_whole_json(_any, body)
    except msgspec.DecodeError:
        raise _no_json() from None
    return AnswerFacts()


def _no_json() -> UpstreamFailed:
    return UpstreamFailed("The provider's answer is not valid JSON.", code="upstream_malformed")


def _malformed(what: str) -> UpstreamFailed:
    return UpstreamFailed(f"The provider's answer has {what}.", code="upstream_malformed")
