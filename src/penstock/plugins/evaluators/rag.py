"""Evaluators of answers from retrieved passages, by claims that a judge decides one by one."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from penstock.rules.evaluation.claims import (
    context_precision as precision_of,
)
from penstock.rules.evaluation.claims import (
    cosine,
    mean_of_known,
    share,
)
from penstock.rules.evaluation.claims import (
    noise_sensitivity as sensitivity_of,
)
from penstock.rules.evaluation.judging import JudgedText
from penstock.rules.evaluation.measurements import Measurement, abstained, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import PeerRelation, Sample
from penstock.rules.evaluation.texts import as_text
from penstock.spi.judging import Inquiry, JudgeOptions, judged

MAX_CLAIMS: Final = 50  # of one text
MAX_PASSAGES: Final = 50  # of one sample
_DECIDE: Final = (
    "The text `claims` has numbered claims. Say for each, in their order, whether the text "
    "`source` supports it: a property `supported` with one true or false per claim. A claim is "
    "supported only if the source states it or it follows from the source alone; what you know "
    "yourself does not count."
)
_SPLIT: Final = (
    "Split the text `answer` into claims: short statements that can be true or false on their own, "
    "with pronouns replaced, each fact of the text in one. `question` only helps to understand it. "
    "The property `claims` has none if the text states nothing, for example if it declines to "
    "answer or asks back. The property `declines` says whether it declines to answer."
)


def _facts(*needs: str, higher_is_better: bool = True, least: float = 0) -> MetricFacts:
    return MetricFacts(
        MetricKind.MEAN, higher_is_better, least=least, most=1, needs=needs, judged=True
    )


class _Claims(msgspec.Struct):
    claims: list[str]
    declines: bool


class _Supported(msgspec.Struct):
    supported: list[bool]


class _Useful(msgspec.Struct):
    reason: str
    useful: bool


class _Questions(msgspec.Struct):
    questions: list[str]
    declines: bool


@judged(_facts("output", "context"), JudgeOptions)
async def faithfulness(sample: Sample, options: JudgeOptions, inquiry: Inquiry) -> Measurement:
    """The share of the claims of the answer that the passages support.

    Supported claims / claims: S. Es et al., RAGAS (2023), section 3. An answer without claims is
    unmeasured, one that declines abstains.
    """
    del options
    found = await _claims(sample, sample.output, inquiry)
    if isinstance(found, Measurement):
        return found
    supported = await _supported(found, "\n\n".join(sample.context), inquiry)
    return _shared(share(supported), claims=_decided(found, supported))


class AnswerRelevanceOptions(JudgeOptions, frozen=True):
    """`embeddings` is the model of embeddings; `questions` are how many are made."""

    embeddings: Annotated[str, Meta(min_length=1, max_length=200)]
    questions: Annotated[int, Meta(ge=1, le=10)] = 3


@judged(_facts("input", "output", least=-1), AnswerRelevanceOptions)
async def answer_relevance(
    sample: Sample, options: AnswerRelevanceOptions, inquiry: Inquiry
) -> Measurement:
    """The mean cosine between the question and questions that a judge makes from the answer alone,
    from -1 to 1.

    S. Es et al., RAGAS (2023), section 3. An answer that declines abstains, instead of 0.
    """
    asked = (
        f"Write {options.questions} different questions to which the text `answer` is the answer, "
        "as property `questions`. The property `declines` says whether it declines to answer or "
        "is noncommittal."
    )
    parts = [JudgedText("answer", sample.output)]
    found = await inquiry.ask(asked, parts, _Questions)
    if found.declines:
        return abstained("The answer declines.")
    questions = [each for each in found.questions if each.strip()][: options.questions]
    if not questions:
        return unmeasured("No question can be made from the answer.")
    texts = (as_text(sample.input), *questions)
    first, *others = await inquiry.embed(options.embeddings, texts)
    return _shared(mean_of_known([cosine(first, each) for each in others]), questions=questions)


@judged(_facts("input", "context"), JudgeOptions)
async def context_precision(sample: Sample, options: JudgeOptions, inquiry: Inquiry) -> Measurement:
    """The order of useful passages: the mean of the precisions at their places, 1 if first.

    Σ (precision@k · useful_k) / Σ useful_k: RAGAS's ContextPrecision. A judge decides whether a
    passage is useful for the expected answer, or else for the answer.
    """
    del options
    if len(sample.context) > MAX_PASSAGES:
        return unmeasured(f"There are more than {MAX_PASSAGES} passages.")
    target = as_text(sample.expected) if sample.expected is not None else sample.output
    if not target:
        return unmeasured("There is no answer.")
    asked = (
        "Say after a short `reason` whether the text `passage` is `useful` to arrive at the text "
        "`answer` to the text `question`."
    )
    useful = [
        (
            await inquiry.ask(
                asked,
                [
                    JudgedText("question", as_text(sample.input)),
                    JudgedText("answer", target),
                    JudgedText("passage", passage),
                ],
                _Useful,
            )
        ).useful
        for passage in sample.context
    ]
    return _shared(precision_of(useful), useful=useful)


@judged(_facts("expected", "context"), JudgeOptions)
async def context_recall(sample: Sample, options: JudgeOptions, inquiry: Inquiry) -> Measurement:
    """The share of the claims of the expected answer that the passages support.

    S. Es et al., RAGAS, `ContextRecall`.
    """
    del options
    found = await _claims(sample, as_text(sample.expected), inquiry)
    if isinstance(found, Measurement):
        return found
    supported = await _supported(found, "\n\n".join(sample.context), inquiry)
    return _shared(share(supported), claims=_decided(found, supported))


class NoiseOptions(JudgeOptions, frozen=True):
    """The passages whose misleading is measured."""

    mode: Literal["relevant", "irrelevant"] = "relevant"


@judged(_facts("output", "expected", "context", higher_is_better=False), NoiseOptions)
async def noise_sensitivity(sample: Sample, options: NoiseOptions, inquiry: Inquiry) -> Measurement:
    """The share of the answer's claims that are wrong and come from the passages; lower is better.

    D. Ru et al., RAGChecker (2024); RAGAS's NoiseSensitivity. A passage is relevant if it supports
    a claim of the expected answer.
    """
    if len(sample.context) > MAX_PASSAGES // 2:
        return unmeasured(f"There are more than {MAX_PASSAGES // 2} passages.")
    claims = await _claims(sample, sample.output, inquiry)
    truths = await _claims(sample, as_text(sample.expected), inquiry)
    if isinstance(claims, Measurement):
        return claims
    if isinstance(truths, Measurement):
        return truths
    right = await _supported(claims, as_text(sample.expected), inquiry)
    relevant, irrelevant = [False] * len(claims), [False] * len(claims)
    for passage in sample.context:
        supports = await _supported(claims, passage, inquiry)
        target = relevant if any(await _supported(truths, passage, inquiry)) else irrelevant
        target[:] = [one or other for one, other in zip(target, supports, strict=True)]
    value = sensitivity_of(right, relevant, irrelevant, relevant=options.mode == "relevant")
    return _shared(value, claims=_decided(claims, right))


@judged(_facts("output", "peers.repeat", higher_is_better=False), JudgeOptions)
async def self_contradiction(
    sample: Sample, options: JudgeOptions, inquiry: Inquiry
) -> Measurement:
    """The share of the answer's claims that other answers to the same question do not support, mean
    over them: a sign of hallucination; lower is better.

    P. Manakul et al., SelfCheckGPT (2023), with a prompt; claims instead of sentences.
    """
    del options
    found = await _claims(sample, sample.output, inquiry)
    if isinstance(found, Measurement):
        return found
    peers = sample.peers_of(PeerRelation.REPEAT)[:10]
    shares = [share(await _supported(found, peer.output, inquiry)) for peer in peers]
    mean = mean_of_known(shares)
    return _shared(None if mean is None else 1 - mean, claims=found)


async def _claims(sample: Sample, text: str, inquiry: Inquiry) -> list[str] | Measurement:
    """The claims of a text, or that there is nothing to judge."""
    if not text.strip():
        return unmeasured("There is no text.")
    parts = [JudgedText("question", as_text(sample.input or "")), JudgedText("answer", text)]
    found = await inquiry.ask(_SPLIT, parts, _Claims, check=_too_many)
    claims = [each for each in found.claims if each.strip()]
    if claims:
        return claims
    return abstained("The answer declines.") if found.declines else unmeasured("It has no claim.")


async def _supported(claims: Sequence[str], source: str, inquiry: Inquiry) -> list[bool]:
    numbered = "\n".join(f"{at}. {each}" for at, each in enumerate(claims, start=1))
    parts = [JudgedText("source", source), JudgedText("claims", numbered)]
    found = await inquiry.ask(
        _DECIDE,
        parts,
        _Supported,
        check=lambda answer: (
            ""
            if len(answer.supported) == len(claims)
            else f"`supported` needs {len(claims)} values, one per claim"
        ),
    )
    return found.supported


def _too_many(found: _Claims) -> str:
    return f"there are more than {MAX_CLAIMS} claims" if len(found.claims) > MAX_CLAIMS else ""


def _shared(value: float | None, **details: Any) -> Measurement:
    return (
        unmeasured("There is nothing to judge.") if value is None else scored(value, "", **details)
    )


def _decided(claims: Sequence[str], supported: Sequence[bool]) -> list[dict[str, object]]:
    return [
        {"claim": claim, "supported": each} for claim, each in zip(claims, supported, strict=True)
    ]
