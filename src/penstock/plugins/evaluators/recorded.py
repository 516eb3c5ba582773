"""The evaluator of scores that came with a recorded output: nothing is measured anew."""

from typing import Annotated

from msgspec import Meta

from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.function_evaluator import EvaluatorOptions, evaluator


class RecordedOptions(EvaluatorOptions, frozen=True):
    """`score` is its name with the outputs. `kind`: its values are booleans (`rate`), numbers
    (`mean`) or texts (`label`). The others say what its metric is."""

    score: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: MetricKind = MetricKind.RATE
    higher_is_better: bool | None = True
    unit: Annotated[str, Meta(max_length=64)] = ""


def _facts(options: RecordedOptions) -> MetricFacts:
    neither = options.kind is MetricKind.LABEL
    return MetricFacts(
        options.kind, None if neither else options.higher_is_better, unit=options.unit
    )


@evaluator(_facts, RecordedOptions)
def recorded(sample: Sample, options: RecordedOptions) -> Measurement:
    """A score that was recorded elsewhere with the output, such as by an imported evaluation."""
    found = sample.scores.get(options.score)
    if found is None:
        return unmeasured(f"No score {options.score!r} was recorded with this output.")
    if found.state is not ScoreState.SCORED:
        return found
    value = found.value
    match options.kind:
        case MetricKind.RATE:
            fits = isinstance(value, bool)
        case MetricKind.MEAN:
            fits = isinstance(value, bool | int | float)
            value = float(value) if isinstance(value, bool) else value
        case MetricKind.LABEL:
            value = str(value).lower() if isinstance(value, bool) else str(value)
            fits = True
    if value is None or not fits:
        return unmeasured(f"The recorded value {value!r} is none of a {options.kind.value}.")
    return scored(value, found.reason, **found.details)
