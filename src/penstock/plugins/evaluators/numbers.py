"""Evaluators of numbers: the number in an answer, and what the call took."""

from typing import Annotated

from msgspec import Meta

from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import number_of, numbers
from penstock.spi.function_evaluator import EvaluatorOptions, NoOptions, evaluator

Positive = Annotated[float, Meta(ge=0)]


class NumericOptions(EvaluatorOptions, frozen=True):
    """The tolerance: the larger of an absolute one, and of one relative to the expected number."""

    absolute: Positive = 1e-9
    relative: Positive = 0.0


@evaluator(MetricFacts(MetricKind.RATE, needs=("expected",)), NumericOptions)
def numeric(sample: Sample, options: NumericOptions) -> Measurement:
    """The last number in the answer is the expected one, within the tolerance."""
    expected = number_of(sample.expected)
    if expected is None:
        return unmeasured("The expected value is not one number.")
    found = numbers(sample.output)
    if not found:
        return scored(False, "The answer has no number.")  # noqa: FBT003 - a value
    difference = abs(found[-1] - expected)
    within = difference <= max(options.absolute, options.relative * abs(expected))
    return scored(within, f"{found[-1]:g}, expected {expected:g}.", difference=difference)


class LatencyOptions(EvaluatorOptions, frozen=True):
    """With a bound it is whether the call kept to it; without one it is the time."""

    most_ms: Positive | None = None


def _latency_facts(options: LatencyOptions) -> MetricFacts:
    if options.most_ms is not None:
        return MetricFacts(MetricKind.RATE, needs=("latency_ms",))
    return MetricFacts(
        MetricKind.MEAN, higher_is_better=False, least=0, unit="ms", needs=("latency_ms",)
    )


@evaluator(_latency_facts, LatencyOptions)
def latency(sample: Sample, options: LatencyOptions) -> Measurement:
    """The time of the call in milliseconds, or whether it kept to a bound."""
    return _kept(sample.latency_ms, options.most_ms)


class CostOptions(EvaluatorOptions, frozen=True):
    """With a bound it is whether the call kept to it; without one it is the cost."""

    most_usd: Positive | None = None


def _cost_facts(options: CostOptions) -> MetricFacts:
    if options.most_usd is not None:
        return MetricFacts(MetricKind.RATE, needs=("cost_usd",))
    return MetricFacts(
        MetricKind.MEAN, higher_is_better=False, least=0, unit="USD", needs=("cost_usd",)
    )


@evaluator(_cost_facts, CostOptions)
def cost(sample: Sample, options: CostOptions) -> Measurement:
    """The cost of the call in USD, or whether it kept to a bound."""
    return _kept(sample.cost_usd, options.most_usd)


@evaluator(
    MetricFacts(
        MetricKind.MEAN, higher_is_better=None, least=0, unit="tokens", needs=("output_tokens",)
    ),
    NoOptions,
)
def output_tokens(sample: Sample, options: NoOptions) -> Measurement:
    """The tokens of the answer, as the provider counted them."""
    del options
    return _kept(sample.output_tokens, None)


def _kept(value: float | None, most: float | None) -> Measurement:
    if value is None:
        return unmeasured("It was not measured for this call.")
    return scored(value) if most is None else scored(value <= most, f"{value:g} of {most:g}.")
