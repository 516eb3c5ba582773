"""Evaluators of similarity to an expected text: edit distance, BLEU, chrF, ROUGE, embeddings."""

from typing import Annotated, Final, Literal

from msgspec import Meta
from rapidfuzz.distance import Levenshtein

from penstock.rules.evaluation.claims import cosine
from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.overlap import bleu as bleu_of
from penstock.rules.evaluation.overlap import chrf as chrf_of
from penstock.rules.evaluation.overlap import rouge_l, rouge_n, rouge_words
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import as_text, as_texts, normal, words
from penstock.spi.function_evaluator import EvaluatorOptions, NoOptions, evaluator
from penstock.spi.judging import Inquiry, JudgeOptions, judged

MAX_COMPARED_CHARS: Final = 50_000  # of a text that is compared by edit distance, BLEU, …
MAX_REFERENCES: Final = 20  # expected texts; further ones are left out
_SHARE: Final = MetricFacts(MetricKind.MEAN, least=0, most=1, needs=("expected",))


class LevenshteinOptions(EvaluatorOptions, frozen=True):
    """The differences that do not count."""

    ignore_case: bool = False
    ignore_space: bool = False


@evaluator(_SHARE, LevenshteinOptions)
def levenshtein(sample: Sample, options: LevenshteinOptions) -> Measurement:
    """1 - edit distance / length of the longer text: 1 for equal texts, the best of several.

    V. Levenshtein, Binary Codes Capable of Correcting Deletions, Insertions, and Reversals (1966).
    """
    found = _compared(sample)
    if isinstance(found, Measurement):
        return found
    text, *references = (
        normal(each, ignore_case=options.ignore_case, ignore_space=options.ignore_space)
        for each in (sample.output, *found)
    )
    return scored(max(Levenshtein.normalized_similarity(text, each) for each in references))


@evaluator(_SHARE, NoOptions)
def bleu(sample: Sample, options: NoOptions) -> Measurement:
    """BLEU of the answer against one or more expected texts, from 0 to 1.

    K. Papineni et al., BLEU (2002); tokens and smoothing as sacrebleu's sentence_bleu.
    """
    del options
    found = _compared(sample)
    return found if isinstance(found, Measurement) else scored(bleu_of(sample.output, found))


@evaluator(_SHARE, NoOptions)
def chrf(sample: Sample, options: NoOptions) -> Measurement:
    """chrF2 of the answer against the expected text, the best of several, from 0 to 1.

    M. Popović, chrF: Character N-gram F-score (2015).
    """
    del options
    found = _compared(sample)
    if isinstance(found, Measurement):
        return found
    return scored(max(chrf_of(sample.output, each) for each in found))


class RougeOptions(EvaluatorOptions, frozen=True):
    """The variant, and which of its figures is the value. `english` splits words as ROUGE does;
    texts of other scripts need it to be false."""

    variant: Literal["rouge1", "rouge2", "rougeL"] = "rougeL"
    figure: Literal["f1", "precision", "recall"] = "f1"
    english: bool = True


@evaluator(_SHARE, RougeOptions)
def rouge(sample: Sample, options: RougeOptions) -> Measurement:
    """ROUGE of the answer against the expected text, the best of several, from 0 to 1.

    C.-Y. Lin, ROUGE: A Package for Automatic Evaluation of Summaries (2004); without stemming.
    """
    found = _compared(sample)
    if isinstance(found, Measurement):
        return found
    split = rouge_words if options.english else words
    text = split(sample.output)
    overlaps = [
        rouge_l(text, split(each))
        if options.variant == "rougeL"
        else rouge_n(text, split(each), int(options.variant[-1]))
        for each in found
    ]
    return scored(max(getattr(each, options.figure) for each in overlaps))


class EmbeddingOptions(JudgeOptions, frozen=True):
    """`model` is a model of embeddings. With `least` it is whether the similarity reaches it."""

    least: Annotated[float, Meta(ge=-1, le=1)] | None = None


def _embedding_facts(options: EmbeddingOptions) -> MetricFacts:
    if options.least is not None:
        return MetricFacts(MetricKind.RATE, needs=("expected", "output"), judged=True)
    return MetricFacts(MetricKind.MEAN, least=-1, most=1, needs=("expected", "output"), judged=True)


@judged(_embedding_facts, EmbeddingOptions)
async def embedding(sample: Sample, options: EmbeddingOptions, inquiry: Inquiry) -> Measurement:
    """The cosine of the embeddings of the answer and the expected text, from -1 to 1."""
    vectors = await inquiry.embed(options.model, (sample.output, as_text(sample.expected)))
    value = cosine(*vectors)
    if value is None:
        return unmeasured("An embedding is zero.")
    return scored(value if options.least is None else value >= options.least, f"{value:.3f}")


def _compared(sample: Sample) -> list[str] | Measurement:
    """The expected texts, or that a text is too long or lacking."""
    found = [each for each in as_texts(sample.expected) if each][:MAX_REFERENCES]
    if not found:
        return unmeasured("There is no expected text.")
    if max(map(len, (sample.output, *found))) > MAX_COMPARED_CHARS:
        return unmeasured(f"A text has more than {MAX_COMPARED_CHARS} characters.")
    return found
