"""Evaluators of answers with a form: labels of a classification, fields of an extraction."""

from typing import Annotated, Any, Final

from msgspec import Meta

from penstock.rules.evaluation.json_values import (
    fields_of,
    is_array,
    is_object,
    json_or_text,
    parsed_json,
    same_json,
)
from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind, MetricSummary
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import as_text, normal, number_of, unfenced
from penstock.spi.function_evaluator import EvaluatorOptions, evaluator

MAX_LABELS: Final = 200  # of a classification
MAX_FIELDS: Final = 1000  # of an extraction
NO_LABEL: Final = "(none)"


class ClassificationOptions(EvaluatorOptions, frozen=True):
    """`labels` are the allowed ones: an answer counts as the only one of them that it contains;
    without them it is the label itself. `field` is the property of a JSON answer with the label."""

    labels: Annotated[tuple[str, ...], Meta(max_length=MAX_LABELS)] = ()
    field: str = ""


@evaluator(
    MetricFacts(MetricKind.RATE, needs=("expected",), summary=MetricSummary.CLASSIFICATION),
    ClassificationOptions,
)
def classification(sample: Sample, options: ClassificationOptions) -> Measurement:
    """The label in the answer is the expected one. Its summary has precision, recall, F1 of each
    label, their macro mean, Matthews' correlation, and the confusion."""
    expected = normal(as_text(sample.expected))
    predicted = _label(sample.output, options)
    return scored(
        predicted == expected,
        f"{predicted}, expected {expected}.",
        expected=expected[:200],
        predicted=predicted[:200],
    )


class FieldsOptions(EvaluatorOptions, frozen=True):
    """`only` are the fields that count (`address.city`), all without them. Texts are compared
    without case and space if `loose`, numbers within `tolerance`, relative."""

    only: Annotated[tuple[str, ...], Meta(max_length=MAX_FIELDS)] = ()
    loose: bool = True
    tolerance: Annotated[float, Meta(ge=0)] = 1e-9


@evaluator(
    MetricFacts(
        MetricKind.MEAN, least=0, most=1, needs=("expected",), summary=MetricSummary.FIELDS
    ),
    FieldsOptions,
)
def fields(sample: Sample, options: FieldsOptions) -> Measurement:
    """The share of the expected fields of a JSON object that the answer has right. Its summary has
    the accuracy of each field."""
    expected = json_or_text(sample.expected)
    if not (is_object(expected) or is_array(expected)):
        return unmeasured("The expected value is no JSON object or array.")
    wanted = fields_of(expected)
    wanted = {name: wanted[name] for name in wanted if not options.only or name in options.only}
    if not wanted or len(wanted) > MAX_FIELDS:
        return unmeasured(f"There are {len(wanted)} expected fields; at most {MAX_FIELDS} count.")
    try:
        given = fields_of(parsed_json(unfenced(sample.output)))
    except ValueError as error:
        return scored(0.0, f"The answer is not JSON: {error}.", fields=dict.fromkeys(wanted, False))
    right = {
        name: name in given and _equal(given[name], value, options)
        for name, value in wanted.items()
    }
    wrong = [name for name, good in right.items() if not good]
    reason = f"Wrong: {', '.join(wrong[:20])}." if wrong else ""
    return scored(1 - len(wrong) / len(right), reason, fields=right)


def _label(output: str, options: ClassificationOptions) -> str:
    text = output
    if options.field:
        try:
            found = parsed_json(unfenced(output))
        except ValueError:
            return NO_LABEL
        text = as_text(found.get(options.field, "")) if is_object(found) else ""
    text = normal(text).strip(" .\"'`*")
    labels = {normal(each) for each in options.labels}
    if not labels or text in labels:
        return text or NO_LABEL
    padded = f" {normal(text, ignore_marks=True)} "
    found = [each for each in labels if f" {normal(each, ignore_marks=True)} " in padded]
    return found[0] if len(found) == 1 else NO_LABEL


def _equal(given: Any, wanted: Any, options: FieldsOptions) -> bool:
    if same_json(given, wanted):
        return True
    if isinstance(given, bool) or isinstance(wanted, bool):
        return False
    one, other = number_of(given), number_of(wanted)
    if isinstance(wanted, int | float) and one is not None and other is not None:
        return abs(one - other) <= options.tolerance * abs(other)
    if isinstance(given, str) and isinstance(wanted, str) and options.loose:
        return normal(given) == normal(wanted)
    return False
