"""The formats of classifications: vLLM's (and SGLang's), Hugging Face's pipelines for texts and for
tokens, and Text Embeddings Inference's (TEI).

Callers speak vLLM's format; each answer has the members `labels` and `spans` besides.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.classification import Classification, ClassifiedText, SpanLabel, TextLabel
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.translation import Change, ChangeKind, Rule, reject
from penstock.rules.wire.head import edit_request

DIALECT: Final = "classify"
MAX_TEXTS: Final = 1_000  # of one request that is translated
OTHER: Final = Rule("other", "It has no such parameter for classifications.")
TOKEN_IDS: Final = Rule("input", "It takes texts, not token ids.")
_READ: Final = ("model", "input", "top_k", "aggregation_strategy")
_HINTS: Final = ("user", "priority")

Rewrite = Callable[[bytes], bytes]
"""Writes a provider's answer for the caller. Raises `UpstreamFailed`."""
_Written = tuple[bytes, tuple[Change, ...], Rewrite]


class _Request(msgspec.Struct):
    input: str | list[str | int | list[int]]
    top_k: int | None = None
    aggregation_strategy: str | None = None


class _Rated(msgspec.Struct):
    """A label of a text or of a span, as a pipeline gives it."""

    score: float
    label: str = ""
    entity_group: str = ""
    entity: str = ""
    word: str = ""
    start: int | None = None
    end: int | None = None


class _VllmText(msgspec.Struct):
    index: int
    label: str | None = None
    probs: list[float] = []


class _VllmAnswer(msgspec.Struct):
    data: list[_VllmText]


_request: Final = msgspec.json.Decoder(_Request)
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_pipeline: Final = msgspec.json.Decoder(list[_Rated | list[_Rated]])
_vllm: Final = msgspec.json.Decoder(_VllmAnswer)
_any: Final = msgspec.json.Decoder(dict[str, Any])
_encode: Final = msgspec.json.Encoder().encode


def write_vllm(body: bytes, model: str, place: tuple[int, int] | None) -> _Written:
    """The caller's request with the provider's model."""
    return edit_request(body, model, model_at=place), (), _from_vllm


def write_huggingface(body: bytes, model: str) -> _Written:
    """Writes a request for a pipeline, which is in the address, and how its answer is written."""
    asked = _read(body)
    single = len(asked.texts) == 1
    written: dict[str, Any] = {"inputs": asked.texts[0] if single else asked.texts}
    parameters: dict[str, Any] = {}
    if asked.top_k is not None:
        parameters["top_k"] = asked.top_k
    if asked.aggregation:
        parameters["aggregation_strategy"] = asked.aggregation
    if parameters:
        written["parameters"] = parameters
    return _encode(written), _dropped(asked), partial(_from_pipeline, asked, model)


def write_tei(body: bytes, model: str) -> _Written:
    """Writes a request for TEI, which classifies whole texts only."""
    asked = _read(body)
    if asked.aggregation:
        raise reject(OTHER, field="aggregation_strategy")
    written = {"inputs": [[text] for text in asked.texts], "truncate": True}
    return _encode(written), _dropped(asked), partial(_from_pipeline, asked, model)


def _read(body: bytes) -> Classification:
    try:
        found = decode_json(_request, body)
        members = decode_json(_members, body)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The request body is wrong: {error}.") from None
    for name in members:
        if name not in _READ and name not in _HINTS:
            raise reject(OTHER, field=name)
    given = [found.input] if isinstance(found.input, str) else found.input
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) < len(given):
        raise reject(TOKEN_IDS)
    if not 0 < len(texts) <= MAX_TEXTS:
        raise InvalidRequest(f"Send 1 to {MAX_TEXTS} texts.", param="input")
    if found.top_k is not None and found.top_k < 1:
        raise InvalidRequest("'top_k' must be at least 1.", param="top_k")
    hints = tuple([name for name in _HINTS if name in members])
    return Classification(tuple(texts), found.top_k, found.aggregation_strategy or "", hints)


def _dropped(asked: Classification) -> tuple[Change, ...]:
    return tuple([Change(ChangeKind.DROPPED, name) for name in asked.hints])


def _from_vllm(body: bytes) -> bytes:
    """Adds `labels` and `spans`. The format has the name of the best class only."""
    try:
        found = decode_json(_vllm, body)
        document = decode_json(_any, body)
    except msgspec.DecodeError:
        raise _malformed() from None
    for text, written in zip(found.data, document["data"], strict=True):
        best = max(text.probs, default=0.0)
        labels = [TextLabel(text.label, best)] if text.label is not None else []
        written.update(_texts(ClassifiedText(tuple(labels))))
    return _encode(document)


def _from_pipeline(asked: Classification, model: str, body: bytes) -> bytes:
    try:
        found = decode_json(_pipeline, body)
    except msgspec.DecodeError:
        raise _malformed() from None
    texts = [_classified(one, asked.top_k) for one in _by_text(found, len(asked.texts))]
    data = [{"index": index, **_entry(text)} for index, text in enumerate(texts)]
    return _encode({"object": "list", "model": model, "data": data})


def _by_text(found: Sequence[_Rated | list[_Rated]], count: int) -> list[list[_Rated]]:
    """The labels of each text. A pipeline leaves out the outer list for one text, and the inner one
    for one label of each text."""
    lists = [one for one in found if isinstance(one, list)]
    if len(lists) == len(found) and len(lists) == count:
        return lists
    flat = [one for one in found if not isinstance(one, list)]
    if not lists and count == 1:
        return [flat]
    if lists or len(flat) != count or any(one.start is not None for one in flat):
        raise _malformed()
    return [[one] for one in flat]


def _classified(rated: Sequence[_Rated], top_k: int | None) -> ClassifiedText:
    labels = [TextLabel(one.label, one.score) for one in rated if one.label]
    labels.sort(key=lambda one: -one.score)
    spans = [
        SpanLabel(
            one.entity_group or one.entity,
            one.score,
            -1 if one.start is None else one.start,
            -1 if one.end is None else one.end,
            one.word,
        )
        for one in rated
        if not one.label
    ]
    return ClassifiedText(tuple(labels[:top_k]), tuple(spans))


def _entry(text: ClassifiedText) -> dict[str, Any]:
    return {"label": text.labels[0].label if text.labels else None, **_texts(text)}


def _texts(text: ClassifiedText) -> dict[str, Any]:
    return {
        "labels": [label._asdict() for label in text.labels],
        "spans": [span._asdict() for span in text.spans],
    }


def _malformed() -> UpstreamFailed:
    return UpstreamFailed(
        "The provider's answer is not a classification of these texts.", code="upstream_malformed"
    )
