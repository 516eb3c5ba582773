"""The shape of an answer: the same for a whole one and for each chunk of a stream."""

from typing import Final

import msgspec

from penstock.rules.formats.json_text import decode_whole_json
from penstock.rules.wire.gemini.parts import GeminiPartShape


class Web(msgspec.Struct, rename="camel"):
    """A source on the web, or a document of a store."""

    uri: str = ""
    title: str = ""
    text: str = ""


class GroundingChunk(msgspec.Struct, rename="camel"):
    """One source."""

    web: Web | None = None
    retrieved_context: Web | None = None


class CitedSegment(msgspec.Struct, rename="camel"):
    """A place in the text, in bytes."""

    start_index: int = 0
    end_index: int = -1


class GroundingSupport(msgspec.Struct, rename="camel"):
    """The sources of one place."""

    segment: CitedSegment | None = None
    grounding_chunk_indices: list[int] = []


class Grounding(msgspec.Struct, rename="camel"):
    """The sources of an answer."""

    grounding_chunks: list[GroundingChunk] = []
    grounding_supports: list[GroundingSupport] = []


class CitedSource(msgspec.Struct, rename="camel"):
    """A source that the model recites."""

    start_index: int = -1
    end_index: int = -1
    uri: str = ""
    title: str = ""


class CitationMetadata(msgspec.Struct, rename="camel"):
    """The sources that the model recites."""

    citations: list[CitedSource] = []


class GeminiContentShape(msgspec.Struct, rename="camel"):
    """The parts of a candidate."""

    parts: list[GeminiPartShape] | None = None


class RawContentShape(msgspec.Struct, rename="camel"):
    """The same, if a part has members that we do not know."""

    parts: list[msgspec.Raw] | None = None


class _Extras(msgspec.Struct, rename="camel"):
    index: int | None = None
    finish_reason: str | None = None
    finish_message: msgspec.Raw = msgspec.Raw()
    safety_ratings: msgspec.Raw = msgspec.Raw()
    citation_metadata: msgspec.Raw = msgspec.Raw()
    grounding_metadata: msgspec.Raw = msgspec.Raw()
    url_context_metadata: msgspec.Raw = msgspec.Raw()
    logprobs_result: msgspec.Raw = msgspec.Raw()
    avg_logprobs: msgspec.Raw = msgspec.Raw()


class GeminiCandidate(_Extras):
    """One choice."""

    content: GeminiContentShape | None = None


class RawGeminiCandidate(_Extras):
    """The same with raw parts."""

    content: RawContentShape | None = None


class PromptFeedback(msgspec.Struct, rename="camel"):
    """The reason why there are no candidates."""

    block_reason: str | None = None
    block_reason_message: str | None = None


class _AnyChunk(msgspec.Struct, rename="camel"):
    model_version: str | None = None
    response_id: str | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


class GeminiChunk(_AnyChunk):
    """A chunk whose parts are known."""

    candidates: list[GeminiCandidate] | None = None


class RawGeminiChunk(_AnyChunk):
    """A chunk with raw parts."""

    candidates: list[RawGeminiCandidate] | None = None


_chunk: Final = msgspec.json.Decoder(GeminiChunk)
_raw_chunk: Final = msgspec.json.Decoder(RawGeminiChunk)


def read_chunk(data: bytes) -> GeminiChunk | RawGeminiChunk:
    """Reads a chunk. Raises `msgspec.DecodeError` for anything else."""
    try:
        return decode_whole_json(_chunk, data)
    except msgspec.ValidationError:
        return decode_whole_json(_raw_chunk, data)
