"""Reads and writes Anthropic's citations: places in documents, search results and web pages."""

from typing import Any, Final, cast

import msgspec

from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.conversation import Citation


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A shape that holds all of a citation; anything else is none."""


class _InDocument(_Strict):
    cited_text: str
    document_index: int
    document_title: str | None = None
    file_id: None = None


class _Chars(_InDocument, tag="char_location"):
    start_char_index: int = -1
    end_char_index: int = -1


class _Pages(_InDocument, tag="page_location"):
    start_page_number: int = -1
    end_page_number: int = -1


class _Blocks(_InDocument, tag="content_block_location"):
    start_block_index: int = -1
    end_block_index: int = -1


class _WebResult(_Strict, tag="web_search_result_location"):
    cited_text: str
    url: str
    encrypted_index: str = ""
    title: str | None = None


class _SearchResult(_Strict, tag="search_result_location"):
    cited_text: str
    source: str
    search_result_index: int
    start_block_index: int
    end_block_index: int
    title: str | None = None


_Citation = _Chars | _Pages | _Blocks | _WebResult | _SearchResult
_decoder: Final = msgspec.json.Decoder(cast("type[_Citation]", _Citation))
_SEARCH_RESULT: Final = "search_result"  # a unit: blocks of a search result, not of a document
_LOCATIONS: Final = {
    "char": ("char_location", "start_char_index", "end_char_index"),
    "page": ("page_location", "start_page_number", "end_page_number"),
    "block": ("content_block_location", "start_block_index", "end_block_index"),
}


def read_citation(value: bytes) -> Citation | None:
    """Reads a citation; `None` for one of an unknown shape."""
    try:
        found = decode_json(_decoder, value)
    except msgspec.DecodeError:
        return None
    match found:
        case _WebResult(text, url, encrypted, title):
            return Citation(url, title or "", text, encrypted=encrypted)
        case _SearchResult(text, source, index, start, end, title):
            place = (start, end, _SEARCH_RESULT)
            return Citation(source, title or "", text, -1, -1, index, *place)
        case _Chars():
            place = (found.start_char_index, found.end_char_index, "char")
        case _Pages():
            place = (found.start_page_number, found.end_page_number, "page")
        case _Blocks():
            place = (found.start_block_index, found.end_block_index, "block")
    title = found.document_title or ""
    return Citation("", title, found.cited_text, -1, -1, found.document_index, *place)


def write_citation(citation: Citation) -> dict[str, Any]:
    """Writes a citation; one of another dialect becomes that of a web page."""
    said = {"cited_text": citation.cited_text}
    start, end = citation.source_start, citation.source_end
    if citation.source_unit == _SEARCH_RESULT:
        return {
            "type": "search_result_location",
            **said,
            "source": citation.url,
            "title": citation.title or None,
            "search_result_index": citation.document,
            "start_block_index": start,
            "end_block_index": end,
        }
    if citation.source_unit in _LOCATIONS:
        kind, start_name, end_name = _LOCATIONS[citation.source_unit]
        document = {
            "document_index": citation.document,
            "document_title": citation.title or None,
        }
        return {"type": kind, **said, **document, start_name: start, end_name: end}
    return {
        "type": "web_search_result_location",
        **said,
        "url": citation.url,
        "title": citation.title or None,
        "encrypted_index": citation.encrypted,
    }
