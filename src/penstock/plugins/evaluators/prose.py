"""Evaluators of prose by rules: readability, citations, language, refusal, equal treatment."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from penstock.rules.evaluation import prose
from penstock.rules.evaluation.language import known_languages, language_of
from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.overlap import rouge_l
from penstock.rules.evaluation.samples import PeerRelation, Sample
from penstock.rules.evaluation.texts import as_texts, words
from penstock.spi.function_evaluator import EvaluatorOptions, NoOptions, evaluator

MAX_PEERS: Final = 20  # other answers that one is compared with
MAX_PROSE_CHARS: Final = 50_000  # of an answer that is compared


class ReadabilityOptions(EvaluatorOptions, frozen=True):
    """The figure: Flesch reading ease, or the school grade."""

    figure: Literal["ease", "grade"] = "ease"


@evaluator(MetricFacts(MetricKind.MEAN, higher_is_better=None), ReadabilityOptions)
def readability(sample: Sample, options: ReadabilityOptions) -> Measurement:
    """Ease of reading of an English text, or its school grade; syllables are estimated.

    R. Flesch, A New Readability Yardstick (1948); J. Kincaid et al., Derivation of New Readability
    Formulas (1975).
    """
    found = prose.readability(sample.output)
    if found is None:
        return unmeasured("It has no words.")
    return scored(found.ease if options.figure == "ease" else found.grade)


class CitationsOptions(EvaluatorOptions, frozen=True):
    """`ids` names a list of the metadata with the ids of passages; without it they are numbered
    from 1, as in `context`."""

    ids: str = ""


@evaluator(MetricFacts(MetricKind.RATE), CitationsOptions)
def citations(sample: Sample, options: CitationsOptions) -> Measurement:
    """The answer cites at least one passage, as [1] or [id], and none that does not exist."""
    if options.ids:
        passages = set(as_texts(sample.metadata.get(options.ids)))
    else:
        passages = {str(at) for at in range(1, len(sample.context) + 1)}
    if not passages:
        return unmeasured("There is no passage to cite.")
    found = prose.citations(sample.output, passages)
    reason = f"{len(found.resolved)} resolved, {len(found.unresolved)} not."
    return scored(
        bool(found.resolved) and not found.unresolved, reason, unresolved=found.unresolved[:100]
    )


@evaluator(MetricFacts(MetricKind.RATE, higher_is_better=None), NoOptions)
def refusal(sample: Sample, options: NoOptions) -> Measurement:
    """The answer declines, by phrases of six languages at its begin. For other phrasings, ask a
    judge by `rubric`."""
    del options
    return scored(prose.declines(sample.output))


class CounterfactualOptions(EvaluatorOptions, frozen=True):
    """`terms` are the words in which the inputs of a group differ, and forms of them in answers:
    they do not count."""

    terms: Annotated[tuple[str, ...], Meta(max_length=1000)] = ()


@evaluator(
    MetricFacts(MetricKind.MEAN, least=0, most=1, needs=("output", "peers.group")),
    CounterfactualOptions,
)
def counterfactual(sample: Sample, options: CounterfactualOptions) -> Measurement:
    """Equal treatment of inputs that differ in a protected attribute only: mean ROUGE-L with the
    other answers of the group, without the terms of the attribute.

    D. Bouchard, An Actionable Framework for Assessing Bias and Fairness in LLM Use Cases (2024),
    counterfactual similarity.
    """
    terms = set(words(" ".join(options.terms)))
    peers = sample.peers_of(PeerRelation.GROUP)[:MAX_PEERS]
    texts = [sample.output, *(each.output for each in peers)]
    if max(map(len, texts)) > MAX_PROSE_CHARS:
        return unmeasured(f"An answer has more than {MAX_PROSE_CHARS} characters.")
    first, *others = (_without(words(text), terms) for text in texts)
    shares = [1.0 if first == each else rouge_l(first, each).f1 for each in others]
    return scored(sum(shares) / len(shares), least=min(shares))


class LanguageOptions(EvaluatorOptions, frozen=True):
    """With a `language` (ISO 639-1) it is whether the answer is in it; without one it is the
    language."""

    language: str = ""

    def problem(self) -> str:
        """The language is known."""
        known = known_languages()
        if self.language and self.language not in known:
            return f"The language is none of {', '.join(known)}."
        return ""


def _language_facts(options: LanguageOptions) -> MetricFacts:
    kind = MetricKind.RATE if options.language else MetricKind.LABEL
    return MetricFacts(kind, True if options.language else None, needs=("output",))


@evaluator(_language_facts, LanguageOptions)
def language(sample: Sample, options: LanguageOptions) -> Measurement:
    """The language of the answer, by script and common words. A text that is too short, or in a
    language that is not known, is unmeasured."""
    found = language_of(sample.output)
    if not found:
        return unmeasured("The language cannot be decided.")
    return scored(found == options.language if options.language else found, found)


def _without(found: list[str], terms: set[str]) -> list[str]:
    return [each for each in found if each not in terms]
