"""The evaluator of Inspect's scorers."""

from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from penstock.plugins.evaluators.libraries.metrics import LibraryMetric, LibraryOptions
from penstock.plugins.evaluators.libraries.wrapping import PROGRAMS, Library, LibraryEvaluator
from penstock.rules.evaluation.metrics import MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import as_text, as_texts

_GRADING: Final = ("instructions", "grade_pattern", "partial_credit")


def _of_the_text(
    target: str, *parameters: str, kind: MetricKind = MetricKind.RATE
) -> LibraryMetric:
    return LibraryMetric(target, ("expected",), parameters, model=False, kind=kind)


METRICS: Final = {
    "answer": _of_the_text("answer", "pattern"),
    "exact": _of_the_text("exact"),
    "f1": _of_the_text("f1", "stop_words", kind=MetricKind.MEAN),
    "includes": _of_the_text("includes", "ignore_case"),
    "match": _of_the_text("match", "location", "ignore_case", "numeric"),
    "model_graded_fact": LibraryMetric(
        "model_graded_fact", ("input", "output", "expected"), _GRADING
    ),
    "model_graded_qa": LibraryMetric("model_graded_qa", ("input", "output", "expected"), _GRADING),
    "pattern": _of_the_text("pattern", "pattern", "ignore_case", "match_all"),
}


class InspectOptions(LibraryOptions, frozen=True, kw_only=True):
    """The scorer and its model."""

    metrics: ClassVar = METRICS

    metric: Annotated[str, Meta(extra_json_schema={"enum": list(METRICS)})]


def create() -> LibraryEvaluator:
    """Returns the evaluator."""
    return LibraryEvaluator(
        Library(
            "Inspect",
            "inspect",
            f"{PROGRAMS}.inspect_scorers",
            InspectOptions,
            _fields,
            "A scorer of Inspect.\n\ninspect.aisi.org.uk, version 0.3.",
            {},
        )
    )


def _fields(sample: Sample) -> dict[str, Any]:
    targets = as_texts(sample.expected)
    return {"input": as_text(sample.input), "output": sample.output, "target": targets}
