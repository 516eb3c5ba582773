"""The formats of rerankings: the common one of Cohere, Jina and vLLM, Cohere's own version 2, and
that of Text Embeddings Inference (TEI).

A request in the common format passes as it is to a server that has it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.call import Usage, UsageSource
from penstock.rules.formats.json_text import decode_json, decode_whole_json
from penstock.rules.neutral.answer import AnswerFacts, bounded_facts
from penstock.rules.neutral.translation import Change, ChangeKind, Rule, reject
from penstock.rules.rerank import Ranked, Rerank, best
from penstock.rules.wire.openai.usage import MAX_TOKENS, read_usage, usage_in_tail
from penstock.rules.wire.tail import last_object

DIALECT: Final = "rerank"
MAX_DOCUMENTS: Final = 10_000  # of one request that is translated
_COHERE: Final = "https://docs.cohere.com/reference/rerank"
_TEI: Final = "https://huggingface.co/docs/text-embeddings-inference"
NO_TEXT: Final = Rule("documents", "It takes texts, or documents with texts in their members.")
COHERE_OTHER: Final = Rule("other", "Cohere's rerank API has no such parameter.", _COHERE)
TEI_OTHER: Final = Rule("other", "Text Embeddings Inference has no such parameter.", _TEI)

_HINTS: Final = ("max_chunks_per_doc", "max_tokens_per_doc", "user", "priority", "truncation")
_READ: Final = ("model", "query", "documents", "top_n", "return_documents", "rank_fields")
_OLD_MEMBERS: Final = (b'"return_documents"', b'"rank_fields"', b'"max_chunks_per_doc"')


class _Request(msgspec.Struct):
    query: str
    documents: list[str | dict[str, Any]]
    top_n: int | None = None
    return_documents: bool | None = None
    rank_fields: list[str] | None = None


class _Result(msgspec.Struct):
    index: int
    relevance_score: float


class _BilledUnits(msgspec.Struct):
    search_units: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _BilledUnits | None = None


class _Answer(msgspec.Struct):
    results: list[_Result]
    id: str | None = None
    model: str | None = None
    usage: msgspec.Raw = msgspec.Raw()
    meta: _Meta | None = None


class _TeiResult(msgspec.Struct):
    index: int
    score: float


_request: Final = msgspec.json.Decoder(_Request)
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_answer: Final = msgspec.json.Decoder(_Answer)
_any: Final = msgspec.json.Decoder(dict[str, Any])
_tei: Final = msgspec.json.Decoder(list[_TeiResult])
_encode: Final = msgspec.json.Encoder().encode

Rewrite = Callable[[bytes], bytes]
"""Writes a provider's answer in the common format. Raises `UpstreamFailed`."""


def read_request(body: bytes, other: Rule) -> Rerank:
    """Reads a request in the common format. Raises `InvalidRequest`, also for members that have no
    place here (`other`)."""
    try:
        found = decode_json(_request, body)
        members = decode_json(_members, body)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The request body is wrong: {error}.") from None
    if len(found.documents) > MAX_DOCUMENTS:
        raise InvalidRequest(f"More than {MAX_DOCUMENTS} documents.", param="documents")
    for name in members:
        if name not in _READ and name not in _HINTS:
            raise reject(other, field=name)
    if found.top_n is not None and found.top_n < 1:
        raise InvalidRequest("'top_n' must be at least 1.", param="top_n")
    return Rerank(
        found.query,
        tuple([_text(document, found.rank_fields) for document in found.documents]),
        tuple(found.documents),
        found.top_n,
        bool(found.return_documents),
        tuple([name for name in _HINTS if name in members]),
    )


def is_old(body: bytes) -> bool:
    """Returns true if a request may have what version 2 of Cohere's API does not have: documents
    that are objects, and members of version 1."""
    return body.count(b"{") > 1 or any(name in body for name in _OLD_MEMBERS)


def write_cohere(body: bytes, model: str) -> tuple[bytes, tuple[Change, ...], Rewrite | None]:
    """Writes a request for version 2 of Cohere's API, and how its answer is written."""
    asked = read_request(body, COHERE_OTHER)
    members = decode_json(_members, body)
    written: dict[str, Any] = {"model": model, "query": asked.query, "documents": asked.texts}
    for name in ("top_n", "max_tokens_per_doc"):
        if name in members:
            written[name] = members[name]
    rewrite = partial(_with_documents, asked) if asked.returns_documents else None
    return _encode(written), _dropped(asked, "max_tokens_per_doc"), rewrite


def write_tei(body: bytes, model: str) -> tuple[bytes, tuple[Change, ...], Rewrite]:
    """Writes a request for TEI, which serves one model, and how its answer is written."""
    asked = read_request(body, TEI_OTHER)
    written = {"query": asked.query, "texts": asked.texts, "truncate": True}
    return _encode(written), _dropped(asked), partial(_from_tei, asked, model)


def read_answer(body: bytes) -> AnswerFacts:
    """Reads the facts of an answer in any of the formats. Raises `UpstreamFailed` if it is not
    JSON."""
    try:
        found = decode_whole_json(_answer, body)
    except msgspec.ValidationError:
        return AnswerFacts()
    except msgspec.DecodeError:
        raise _malformed("is not valid JSON") from None
    usage = read_usage(found.usage)
    return bounded_facts(found.id, found.model, (), usage or _searches(found.meta), "")


def read_tail(tail: bytes) -> AnswerFacts:
    """Reads the usage at the end of an answer that is too large to keep whole."""
    usage = usage_in_tail(tail)
    if usage is None and (billed := last_object(tail, b"billed_units")):
        usage = read_answer(b'{"results":[],"meta":{"billed_units":%b}}' % billed).usage
    return AnswerFacts(usage=usage)


def _searches(meta: _Meta | None) -> Usage | None:
    units = meta.billed_units.search_units if meta and meta.billed_units else None
    if units is None:
        return None
    if not 0 <= units <= MAX_TOKENS:
        return Usage(source=UsageSource.INVALID)
    return Usage(source=UsageSource.PROVIDER, rerank_searches=round(units))


def _text(document: str | dict[str, Any], fields: list[str] | None) -> str:
    """The text that is compared: of an object its text, or its members, one in each line."""
    if isinstance(document, str):
        return document
    names = fields or (["text"] if "text" in document else list(document))
    values = {name: document[name] for name in names if name in document}
    if not values or not all(isinstance(value, str) for value in values.values()):
        raise reject(NO_TEXT)
    if list(values) == ["text"]:
        return values["text"]
    return "\n".join([f"{name}: {value}" for name, value in values.items()])


def _dropped(asked: Rerank, *written: str) -> tuple[Change, ...]:
    names = (name for name in asked.hints if name not in written)
    return tuple([Change(ChangeKind.DROPPED, name) for name in names])


def _with_documents(asked: Rerank, body: bytes) -> bytes:
    """Adds to each result the document that the caller sent."""
    try:
        found = decode_json(_answer, body)
        document = decode_json(_any, body)
    except msgspec.DecodeError:
        raise _malformed("is not a reranking") from None
    for result, written in zip(found.results, document["results"], strict=True):
        written["document"] = _document(asked, result.index)
    return _encode(document)


def _from_tei(asked: Rerank, model: str, body: bytes) -> bytes:
    try:
        found = decode_json(_tei, body)
    except msgspec.DecodeError:
        raise _malformed("is not a reranking") from None
    ranked = best([Ranked(one.index, one.score) for one in found], asked.top_n)
    results: list[dict[str, Any]] = []
    for one in ranked:
        document = _document(asked, one.place)
        shown = {"document": document} if asked.returns_documents else {}
        results.append({"index": one.place, "relevance_score": one.score, **shown})
    return _encode({"object": "list", "model": model, "results": results})


def _document(asked: Rerank, index: int) -> Any:
    if not 0 <= index < len(asked.documents):
        raise _malformed("names a document that was not sent")
    document = asked.documents[index]
    return {"text": document} if isinstance(document, str) else document


def _malformed(what: str) -> UpstreamFailed:
    return UpstreamFailed(f"The provider's answer {what}.", code="upstream_malformed")
