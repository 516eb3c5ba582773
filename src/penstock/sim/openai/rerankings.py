"""Rerankings as Cohere (version 2), Jina and Text Embeddings Inference answer them: by the
similarity of hashed words."""

import operator
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from penstock.kernel.errors import InvalidRequest
from penstock.sim.controls import Controls
from penstock.sim.json_documents import document_script
from penstock.sim.openai.decoding import decode
from penstock.sim.prompts import PromptTurn, SimPrompt, quarter
from penstock.sim.script import Script
from penstock.sim.vectors import embed
from penstock.sim.vendor import SimRequest

_DIMENSIONS: Final = 64
_PER_SEARCH: Final = 100  # documents that Cohere bills as one search

_Model = Annotated[str, Meta(min_length=1)]
_Count = Annotated[int, Meta(ge=1)]
_Ranking = list[tuple[int, float]]


class CohereRerankRequest(Struct, forbid_unknown_fields=True):
    """The body of Cohere's `POST /v2/rerank`."""

    model: _Model
    query: str
    documents: Annotated[list[str], Meta(min_length=1)]
    top_n: _Count | None = None
    max_tokens_per_doc: _Count | None = None
    priority: int | None = None


class JinaDocument(Struct, forbid_unknown_fields=True):
    text: str


class JinaRerankRequest(Struct, forbid_unknown_fields=True):
    """The body of Jina's `POST /v1/rerank`."""

    model: _Model
    query: str
    documents: Annotated[list[str | JinaDocument], Meta(min_length=1)]
    top_n: _Count | None = None
    return_documents: bool = True
    truncation: bool | None = None


class TeiRerankRequest(Struct, forbid_unknown_fields=True):
    """The body of TEI's `POST /rerank`."""

    query: str
    texts: Annotated[list[str], Meta(min_length=1)]
    raw_scores: bool = False
    return_text: bool = False
    truncate: bool | None = None


_cohere: Final = msgspec.json.Decoder(CohereRerankRequest)
_jina: Final = msgspec.json.Decoder(JinaRerankRequest)
_tei: Final = msgspec.json.Decoder(TeiRerankRequest)


def read_cohere_rerank(body: bytes) -> SimRequest:
    """Decodes `POST /v2/rerank`. Raises `InvalidRequest`."""
    request = decode(_cohere, body, "")
    return _request(request.model, request.query, partial(_cohere_answer, request))


def read_jina_rerank(body: bytes) -> SimRequest:
    """Decodes `POST /v1/rerank`. Raises `InvalidRequest`."""
    request = decode(_jina, body, "")
    return _request(request.model, request.query, partial(_jina_answer, request))


def read_tei_rerank(body: bytes) -> SimRequest:
    """Decodes `POST /rerank`. Raises `InvalidRequest`."""
    request = decode(_tei, body, "")
    return _request("tei", request.query, partial(_tei_answer, request))


def _request(model: str, query: str, answer: Any) -> SimRequest:
    if not query:
        raise InvalidRequest("'query' must not be empty.", param="query")
    prompt = SimPrompt(model, (model, query), [PromptTurn("user", (query,))])
    return SimRequest(model, stream=False, options=prompt.controls(), answer=answer)


def _ranked(query: str, texts: list[str], controls: Controls) -> _Ranking:
    """Indices and scores from 0 to 1, the best first."""
    seed = controls.seed or 0
    wanted = embed(query, _DIMENSIONS, seed)
    scores = [
        (sum(map(operator.mul, wanted, embed(text, _DIMENSIONS, seed))) + 1) / 2 for text in texts
    ]
    return sorted(enumerate(scores), key=lambda one: -one[1])


def _cohere_answer(
    request: CohereRerankRequest, controls: Controls, _created: int
) -> tuple[str, Script]:
    ranked = _ranked(request.query, request.documents, controls)[: request.top_n]
    searches = -(-len(request.documents) // _PER_SEARCH)
    return "", document_script(
        {
            "id": "rerank-sim",
            "results": [{"index": i, "relevance_score": score} for i, score in ranked],
            "meta": {
                "api_version": {"version": "2"},
                "billed_units": {"search_units": searches},
            },
        }
    )


def _jina_answer(
    request: JinaRerankRequest, controls: Controls, _created: int
) -> tuple[str, Script]:
    given = request.documents
    texts = [one.text if isinstance(one, JinaDocument) else one for one in given]
    results: list[dict[str, Any]] = []
    for index, score in _ranked(request.query, texts, controls)[: request.top_n]:
        document = {"document": {"text": texts[index]}} if request.return_documents else {}
        results.append({"index": index, "relevance_score": score, **document})
    tokens = sum(quarter(len(text) + len(request.query)) for text in texts)
    usage = {"total_tokens": tokens}
    return "", document_script({"model": request.model, "usage": usage, "results": results})


def _tei_answer(request: TeiRerankRequest, controls: Controls, _created: int) -> tuple[str, Script]:
    ranked = _ranked(request.query, request.texts, controls)
    text = request.texts if request.return_text else None
    return "", document_script(
        [
            {"index": index, "score": score, **({"text": text[index]} if text else {})}
            for index, score in ranked
        ]
    )
