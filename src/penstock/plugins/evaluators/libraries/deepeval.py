"""The evaluator of DeepEval's metrics of one turn. 1 is good in all of them since version 4: no
bias, no hallucination."""

from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from penstock.plugins.evaluators.libraries.metrics import LibraryMetric, LibraryOptions
from penstock.plugins.evaluators.libraries.wrapping import PROGRAMS, Library, LibraryEvaluator
from penstock.rules.evaluation.metrics import MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import as_text

QUIET: Final = {
    "CONFIDENT_TRACING_ENABLED": "NO",
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "0",
}
_TURN: Final = ("input", "output")
_RAG: Final = ("input", "output", "context")
_EXPECTED: Final = ("input", "expected", "context")
_COMMON: Final = ("include_reason", "strict_mode")
METRICS: Final = {
    "answer_relevancy": LibraryMetric("AnswerRelevancyMetric", _TURN, _COMMON),
    "bias": LibraryMetric("BiasMetric", _TURN, _COMMON),
    "contextual_precision": LibraryMetric("ContextualPrecisionMetric", _EXPECTED, _COMMON),
    "contextual_recall": LibraryMetric("ContextualRecallMetric", _EXPECTED, _COMMON),
    "contextual_relevancy": LibraryMetric(
        "ContextualRelevancyMetric", ("input", "context"), _COMMON
    ),
    "exact_match": LibraryMetric(
        "ExactMatchMetric", ("input", "output", "expected"), model=False, kind=MetricKind.RATE
    ),
    "faithfulness": LibraryMetric(
        "FaithfulnessMetric",
        _RAG,
        (*_COMMON, "truths_extraction_limit", "penalize_ambiguous_claims"),
    ),
    "g_eval": LibraryMetric(
        "GEval",
        _TURN,
        ("name", "criteria", "evaluation_steps", "evaluation_params", "strict_mode"),
    ),
    "hallucination": LibraryMetric("HallucinationMetric", _RAG, _COMMON),
    "misuse": LibraryMetric("MisuseMetric", _TURN, ("domain", *_COMMON)),
    "pattern_match": LibraryMetric(
        "PatternMatchMetric", _TURN, ("pattern", "ignore_case"), model=False, kind=MetricKind.RATE
    ),
    "pii_leakage": LibraryMetric("PIILeakageMetric", _TURN, _COMMON),
    "prompt_alignment": LibraryMetric(
        "PromptAlignmentMetric", _TURN, ("prompt_instructions", *_COMMON)
    ),
    "toxicity": LibraryMetric("ToxicityMetric", _TURN, _COMMON),
}


class DeepEvalOptions(LibraryOptions, frozen=True, kw_only=True):
    """The metric and its model."""

    metrics: ClassVar = METRICS

    metric: Annotated[str, Meta(extra_json_schema={"enum": list(METRICS)})]


def create() -> LibraryEvaluator:
    """Returns the evaluator."""
    return LibraryEvaluator(
        Library(
            "DeepEval",
            "deepeval",
            f"{PROGRAMS}.deepeval_metrics",
            DeepEvalOptions,
            _fields,
            "A metric of DeepEval, by its own prompts and formulas; 1 is good in all of them."
            "\n\ndeepeval.com, version 4.",
            QUIET,
        )
    )


def _fields(sample: Sample) -> dict[str, Any]:
    return {
        "input": as_text(sample.input),
        "actual_output": sample.output,
        "expected_output": as_text(sample.expected),
        "context": list(sample.context),
        "retrieval_context": list(sample.context),
    }
