"""The sources of an answer. Google counts their places in bytes of the text, the neutral form in
characters."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import CitationAdded
from penstock.rules.neutral.conversation import Citation
from penstock.rules.wire.gemini.chunks import CitationMetadata, Grounding, GroundingChunk, Web

MAX_CITATIONS: Final = 1024  # of one answer; one with more is malformed
MAX_CITED_CHARS: Final = 128 * 1024  # of the text of an answer; places beyond it are unknown
_grounding: Final = msgspec.json.Decoder(Grounding)
_cited: Final = msgspec.json.Decoder(CitationMetadata)


class _Place(NamedTuple):
    """A source, and the place that it supports, in bytes; -1 if unknown."""

    url: str
    title: str
    text: str
    start: int
    end: int


class CitedText:
    """The text of each choice, to convert places."""

    def __init__(self) -> None:
        self._pieces: dict[int, list[str]] = {}
        self._left = MAX_CITED_CHARS

    def add(self, choice: int, text: str) -> None:
        """Adds text. Beyond the limit it is forgotten."""
        self._left -= len(text)
        if text and self._left >= 0:
            self._pieces.setdefault(choice, []).append(text)

    def whole(self, choice: int) -> str:
        """The text of one choice so far."""
        pieces = self._pieces.get(choice, [])
        if len(pieces) > 1:
            pieces[:] = ["".join(pieces)]
        return pieces[0] if pieces else ""


class CitationReader:
    """Reads the citations of one answer, each once."""

    def __init__(self) -> None:
        self._text = CitedText()
        self._known: set[tuple[int, _Place]] = set()

    def add_text(self, choice: int, text: str) -> None:
        """Notes more of the text."""
        self._text.add(choice, text)

    def read(
        self, choice: int, grounding: msgspec.Raw, cited: msgspec.Raw
    ) -> Iterator[CitationAdded]:
        """Yields the new citations of one chunk. Raises `UpstreamFailed` for too many."""
        found = dict.fromkeys((*_grounded(grounding), *_recited(cited)))
        new = [place for place in found if (choice, place) not in self._known]
        if not new:
            return
        if len(self._known) + len(new) > MAX_CITATIONS:
            raise UpstreamFailed(
                "The provider's answer has too many citations.", code="upstream_malformed"
            )
        text = self._text.whole(choice).encode("utf-8", "replace")
        for place in new:
            self._known.add((choice, place))
            begin, end = _characters(text, place.start), _characters(text, place.end)
            yield CitationAdded(choice, Citation(place.url, place.title, place.text, begin, end))


def write_grounding(citations: Iterable[Citation], text: str) -> dict[str, Any]:
    """Writes citations of one text as `groundingMetadata`."""
    chunks: list[dict[str, Any]] = []
    supports: list[dict[str, Any]] = []
    for at, citation in enumerate(citations):
        source = {"uri": citation.url, "title": citation.title}
        if citation.cited_text or not citation.url:
            chunks.append({"retrievedContext": {**source, "text": citation.cited_text}})
        else:
            chunks.append({"web": source})
        if 0 <= citation.start <= citation.end <= len(text):
            segment = {
                "startIndex": _bytes(text[: citation.start]),
                "endIndex": _bytes(text[: citation.end]),
                "text": text[citation.start : citation.end],
            }
            supports.append({"segment": segment, "groundingChunkIndices": [at]})
    return {"groundingChunks": chunks, "groundingSupports": supports}


def _grounded(metadata: msgspec.Raw) -> list[_Place]:
    """Source, begin and end of each support; without a place for a source that none uses."""
    try:
        found = decode_json(_grounding, bytes(metadata)) if metadata else Grounding()
    except msgspec.DecodeError:
        return []
    read: list[_Place] = []
    used: set[int] = set()
    for support in found.grounding_supports:
        segment = support.segment
        for index in support.grounding_chunk_indices:
            if 0 <= index < len(found.grounding_chunks) and len(read) <= MAX_CITATIONS:
                used.add(index)
                source = _source(found.grounding_chunks[index])
                begin, end = (segment.start_index, segment.end_index) if segment else (-1, -1)
                read.append(_Place(source.uri, source.title, source.text, begin, end))
    rest = [_source(each) for at, each in enumerate(found.grounding_chunks) if at not in used]
    return read + [_Place(each.uri, each.title, each.text, -1, -1) for each in rest]


def _recited(metadata: msgspec.Raw) -> list[_Place]:
    try:
        found = decode_json(_cited, bytes(metadata)) if metadata else CitationMetadata()
    except msgspec.DecodeError:
        return []
    return [
        _Place(each.uri, each.title, "", each.start_index, each.end_index)
        for each in found.citations
    ]


def _source(chunk: GroundingChunk) -> Web:
    return chunk.web or chunk.retrieved_context or Web()


def _characters(text: bytes, place: int) -> int:
    """The number of characters before a place; -1 for a place outside of the text."""
    return len(text[:place].decode("utf-8", "ignore")) if 0 <= place <= len(text) else -1


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
