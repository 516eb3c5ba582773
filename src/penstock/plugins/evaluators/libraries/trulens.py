"""The evaluator of TruLens's feedback functions."""

from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from penstock.plugins.evaluators.libraries.metrics import LibraryMetric, LibraryOptions
from penstock.plugins.evaluators.libraries.wrapping import PROGRAMS, Library, LibraryEvaluator
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import as_text

_COMMON: Final = ("criteria", "additional_instructions", "min_score_val", "max_score_val")


def _of_the_text(target: str, *, higher_is_better: bool = True) -> LibraryMetric:
    return LibraryMetric(
        f"{target}_with_cot_reasons", ("output",), _COMMON, higher_is_better=higher_is_better
    )


METRICS: Final = {
    "coherence": _of_the_text("coherence"),
    "comprehensiveness": LibraryMetric(
        "comprehensiveness_with_cot_reasons", ("output", "context"), _COMMON
    ),
    "conciseness": _of_the_text("conciseness"),
    "context_relevance": LibraryMetric(
        "context_relevance_with_cot_reasons", ("input", "context"), _COMMON
    ),
    "controversiality": _of_the_text("controversiality", higher_is_better=False),
    "correctness": _of_the_text("correctness"),
    "criminality": _of_the_text("criminality", higher_is_better=False),
    "groundedness": LibraryMetric(
        "groundedness_measure_with_cot_reasons", ("output", "context"), _COMMON
    ),
    "harmfulness": _of_the_text("harmfulness", higher_is_better=False),
    "helpfulness": _of_the_text("helpfulness"),
    "insensitivity": _of_the_text("insensitivity", higher_is_better=False),
    "maliciousness": _of_the_text("maliciousness", higher_is_better=False),
    "misogyny": _of_the_text("misogyny", higher_is_better=False),
    "relevance": LibraryMetric("relevance_with_cot_reasons", ("input", "output"), _COMMON),
    "sentiment": _of_the_text("sentiment"),
}


class TruLensOptions(LibraryOptions, frozen=True, kw_only=True):
    """The feedback function and its model."""

    metrics: ClassVar = METRICS

    metric: Annotated[str, Meta(extra_json_schema={"enum": list(METRICS)})]


def create() -> LibraryEvaluator:
    """Returns the evaluator."""
    return LibraryEvaluator(
        Library(
            "TruLens",
            "trulens",
            f"{PROGRAMS}.trulens_feedback",
            TruLensOptions,
            _fields,
            "A feedback function of TruLens, by its own prompts.\n\ntrulens.org, version 2.",
            {"TRULENS_OTEL_TRACING": "0"},
        )
    )


def _fields(sample: Sample) -> dict[str, Any]:
    asked, context = as_text(sample.input), "\n\n".join(sample.context)
    return {
        **dict.fromkeys(("prompt", "question"), asked),
        **dict.fromkeys(("response", "statement", "text", "summary"), sample.output),
        **dict.fromkeys(("context", "source"), context),
    }
