"""The evaluator of RAGAS's metrics."""

from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from penstock.plugins.evaluators.libraries.metrics import LibraryMetric, LibraryOptions
from penstock.plugins.evaluators.libraries.wrapping import PROGRAMS, Library, LibraryEvaluator
from penstock.rules.evaluation.metrics import MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import as_text

QUIET: Final = {"RAGAS_DO_NOT_TRACK": "true"}
_RAG: Final = ("input", "output", "context")
_ALL: Final = ("input", "output", "expected", "context")
_PAIR: Final = ("output", "expected")
METRICS: Final = {
    "answer_accuracy": LibraryMetric("AnswerAccuracy", ("input", "output", "expected")),
    "answer_correctness": LibraryMetric(
        "AnswerCorrectness", ("input", "output", "expected"), ("weights", "beta"), embeddings=True
    ),
    "answer_relevancy": LibraryMetric(
        "AnswerRelevancy", ("input", "output"), ("strictness",), embeddings=True
    ),
    "context_entity_recall": LibraryMetric("ContextEntityRecall", ("expected", "context")),
    "context_precision": LibraryMetric("ContextPrecision", ("input", "expected", "context")),
    "context_recall": LibraryMetric("ContextRecall", ("input", "expected", "context")),
    "context_relevance": LibraryMetric("ContextRelevance", ("input", "context")),
    "context_utilization": LibraryMetric("ContextUtilization", _RAG),
    "exact_match": LibraryMetric("ExactMatch", _PAIR, model=False, kind=MetricKind.RATE),
    "factual_correctness": LibraryMetric(
        "FactualCorrectness", _PAIR, ("mode", "beta", "atomicity", "coverage")
    ),
    "faithfulness": LibraryMetric("Faithfulness", _RAG),
    "noise_sensitivity": LibraryMetric("NoiseSensitivity", _ALL, ("mode",), higher_is_better=False),
    "response_groundedness": LibraryMetric("ResponseGroundedness", ("output", "context")),
    "semantic_similarity": LibraryMetric(
        "SemanticSimilarity", _PAIR, ("threshold",), model=False, embeddings=True
    ),
    "sql_equivalence": LibraryMetric("SQLSemanticEquivalence", _PAIR, kind=MetricKind.RATE),
    "string_presence": LibraryMetric("StringPresence", _PAIR, model=False, kind=MetricKind.RATE),
    "string_similarity": LibraryMetric("NonLLMStringSimilarity", _PAIR, model=False),
    "summary_score": LibraryMetric(
        "SummaryScore", ("output", "context"), ("length_penalty", "coeff")
    ),
}


class RagasOptions(LibraryOptions, frozen=True, kw_only=True):
    """The metric and its models."""

    metrics: ClassVar = METRICS

    metric: Annotated[str, Meta(extra_json_schema={"enum": list(METRICS)})]


def create() -> LibraryEvaluator:
    """Returns the evaluator."""
    return LibraryEvaluator(
        Library(
            "RAGAS",
            "ragas",
            f"{PROGRAMS}.ragas_metrics",
            RagasOptions,
            _fields,
            "A metric of RAGAS, by its own prompts and formulas.\n\nragas.io, version 0.4.",
            QUIET,
        )
    )


def _fields(sample: Sample) -> dict[str, Any]:
    return {
        "user_input": as_text(sample.input),
        "response": sample.output,
        "reference": as_text(sample.expected),
        "retrieved_contexts": list(sample.context),
        "reference_contexts": list(sample.context),
    }
