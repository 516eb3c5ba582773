"""Classifications as vLLM, Hugging Face's pipelines and Text Embeddings Inference answer them: a
text is positive or negative by its words, and its capitalized words are names."""

import re
from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from penstock.sim.controls import Controls
from penstock.sim.json_documents import document_script
from penstock.sim.openai.decoding import decode
from penstock.sim.prompts import PromptTurn, SimPrompt, quarter
from penstock.sim.script import Script
from penstock.sim.seeded_random import SeededRandom
from penstock.sim.vendor import Endpoint, SimRequest

_GOOD: Final = ("good", "great", "love", "fine")
_NAME: Final = re.compile(r"\b[A-Z]\w+")
_Texts = Annotated[list[str], Meta(min_length=1)]
_Rated = list[dict[str, Any]]


class VllmClassify(Struct, forbid_unknown_fields=True):
    """The body of vLLM's `POST /classify`, and of SGLang's `/v1/classify`."""

    model: Annotated[str, Meta(min_length=1)]
    input: str | _Texts
    user: str | None = None
    priority: int = 0


class PipelineParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of both pipelines."""

    top_k: Annotated[int, Meta(ge=1)] | None = None
    aggregation_strategy: Literal["none", "simple", "first", "average", "max"] | None = None


class PipelineRequest(Struct, forbid_unknown_fields=True):
    """The body of a request to an endpoint of Hugging Face."""

    inputs: str | _Texts
    parameters: PipelineParameters = PipelineParameters()


class TeiPredict(Struct, forbid_unknown_fields=True):
    """The body of TEI's `POST /predict`: a text, or several in lists of their own."""

    inputs: str | list[Annotated[list[str], Meta(min_length=1, max_length=2)]]
    raw_scores: bool = False
    truncate: bool | None = None


_vllm: Final = msgspec.json.Decoder(VllmClassify)
_pipeline: Final = msgspec.json.Decoder(PipelineRequest)
_tei: Final = msgspec.json.Decoder(TeiPredict)


def _read_vllm(body: bytes) -> SimRequest:
    request = decode(_vllm, body, "")
    texts = [request.input] if isinstance(request.input, str) else request.input

    def answer(controls: Controls, created: int) -> tuple[str, Script]:
        data: list[Any] = []
        for index, text in enumerate(texts):
            best, other = _labels(text, controls)
            probs = sorted([best, other], key=lambda one: one["label"])
            shown = [one["score"] for one in probs]
            data.append({"index": index, "label": best["label"], "probs": shown, "num_classes": 2})
        tokens = sum(quarter(len(text)) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0}
        head = {"id": "classify-sim", "object": "list", "created": created, "model": request.model}
        return "classify-sim", document_script({**head, "data": data, "usage": usage})

    return _request(request.model, texts, answer)


def _read_texts(body: bytes) -> SimRequest:
    request = decode(_pipeline, body, "")
    single = isinstance(request.inputs, str)
    texts = [request.inputs] if isinstance(request.inputs, str) else request.inputs
    top_k = request.parameters.top_k

    def answer(controls: Controls, _created: int) -> tuple[str, Script]:
        rated = [_labels(text, controls)[: top_k or 1] for text in texts]
        if top_k is None:  # the best label only, without a list of its own
            return "", document_script([one[0] for one in rated])
        return "", document_script(rated[0] if single else rated)

    return _request("pipeline", texts, answer)


def _read_tokens(body: bytes) -> SimRequest:
    request = decode(_pipeline, body, "")
    single = isinstance(request.inputs, str)
    texts = [request.inputs] if isinstance(request.inputs, str) else request.inputs
    grouped = request.parameters.aggregation_strategy not in (None, "none")

    def answer(_controls: Controls, _created: int) -> tuple[str, Script]:
        rated = [_names(text, grouped=grouped) for text in texts]
        return "", document_script(rated[0] if single else rated)

    return _request("pipeline", texts, answer)


def _read_tei(body: bytes) -> SimRequest:
    request = decode(_tei, body, "")
    given = request.inputs
    texts = [given] if isinstance(given, str) else [one[0] for one in given]

    def answer(controls: Controls, _created: int) -> tuple[str, Script]:
        rated = [_labels(text, controls) for text in texts]
        return "", document_script(rated[0] if isinstance(given, str) else rated)

    return _request("tei", texts, answer)


def _request(model: str, texts: list[str], answer: Any) -> SimRequest:
    prompt = SimPrompt(model, (model, *texts), [PromptTurn("user", texts)])
    return SimRequest(model, stream=False, options=prompt.controls(), answer=partial(answer))


def _labels(text: str, controls: Controls) -> _Rated:
    """Both labels, the better one first."""
    score = round(0.7 + SeededRandom(str(controls.seed), text).fraction() * 0.3, 4)
    good = any(word in text.lower() for word in _GOOD)
    names = ("POSITIVE", "NEGATIVE") if good else ("NEGATIVE", "POSITIVE")
    return [{"label": names[0], "score": score}, {"label": names[1], "score": round(1 - score, 4)}]


def _names(text: str, *, grouped: bool) -> _Rated:
    name = "entity_group" if grouped else "entity"
    label = "PER" if grouped else "B-PER"
    return [
        {name: label, "score": 0.99, "word": match[0], "start": match.start(), "end": match.end()}
        for match in _NAME.finditer(text)
    ]


CLASSIFY_ENDPOINTS: Final[dict[str, Endpoint]] = {
    "/classify": _read_vllm,
    "/v1/classify": _read_vllm,
    "/predict": _read_tei,
    "/text-classification": _read_texts,
    "/token-classification": _read_tokens,
}
