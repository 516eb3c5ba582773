"""Counts calls under the names of OpenTelemetry's GenAI conventions, as its Prometheus exporter
writes them. `client` metrics are about attempts at providers, `server` metrics about calls of
callers that reached one.

Names, buckets and labels: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-metrics.md.
"""

from collections.abc import Iterator
from typing import Final

from penstock.gateway.metrics.histogram import OTHER, Histogram, as_label, histogram_samples
from penstock.gateway.metrics.page import Family, Labels, MetricSample
from penstock.rules.call import CallEnd, Usage, UsageSource

MAX_GEN_AI_SERIES: Final = 256  # combinations of provider, model, operation and error
OTHER_ERROR: Final = "_OTHER"  # the conventions' name of an error without one of its own
DURATIONS: Final = (
    *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
)
FIRST_TOKENS: Final = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
PER_TOKENS: Final = (*(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5),)
TOKENS: Final = (
    *(1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864),
)
_COUNTED: Final = frozenset((UsageSource.PROVIDER, UsageSource.ESTIMATED))
Key = tuple[str, str, str, str]  # provider, model, operation, error


class GenAiSeries:
    """The histograms of one combination."""

    __slots__ = ("attempt", "call", "first_token", "input_tokens", "output_tokens", "per_token")

    def __init__(self) -> None:
        self.attempt = Histogram(DURATIONS)
        self.call = Histogram(DURATIONS)
        self.input_tokens = Histogram(TOKENS)
        self.output_tokens = Histogram(TOKENS)
        self.first_token = Histogram(FIRST_TOKENS)
        self.per_token = Histogram(PER_TOKENS)


class GenAiMetrics:
    """The histograms of one worker since its start."""

    def __init__(self) -> None:
        self._series: dict[Key, GenAiSeries] = {}  # by labels
        self._known: dict[Key, GenAiSeries] = {}  # by the names in the records

    def observe(self, record: CallEnd, model: str, seconds: float) -> None:
        """Counts a call of this duration and its attempts. `model` is the label of the model that
        answered."""
        attempts = record.attempts
        if not attempts:
            return
        last, operation = attempts[-1], record.begin.operation
        key = (record.provider, model, operation, record.error_type)
        series = self._known.get(key) or self._add(key)
        series.call.observe(seconds)
        if record.first_token_ns:
            _observe_stream(series, record, record.first_token_ns)
        for attempt in attempts:
            name = model if attempt is last else attempt.model
            own = (attempt.provider, name, operation, attempt.error_type)
            one = series if own == key else self._known.get(own) or self._add(own)
            one.attempt.observe((attempt.end_ns - attempt.start_ns) / 1e9)
            _observe_tokens(one, attempt.usage)

    def families(self) -> list[Family]:
        """Returns the metrics as parts of a page; histograms without values are left out."""
        rows = [(_labels(key), series) for key, series in self._series.items()]
        tokens = [
            sample
            for labels, one in rows
            for kind, found in (("input", one.input_tokens), ("output", one.output_tokens))
            for sample in _samples(found, (*labels, ("gen_ai_token_type", kind)))
        ]
        return [
            _family(
                "client_operation_duration_seconds",
                "Time of an attempt at a provider.",
                [each for labels, one in rows for each in _samples(one.attempt, labels)],
            ),
            _family("client_token_usage", "Tokens of an attempt at a provider.", tokens),
            _family(
                "server_request_duration_seconds",
                "From request to last byte.",
                [each for labels, one in rows for each in _samples(one.call, labels)],
            ),
            _family(
                "server_time_to_first_token_seconds",
                "From request to first token.",
                [each for labels, one in rows for each in _samples(one.first_token, labels)],
            ),
            _family(
                "server_time_per_output_token_seconds",
                "Per token after the first one.",
                [each for labels, one in rows for each in _samples(one.per_token, labels)],
            ),
        ]

    def _add(self, key: Key) -> GenAiSeries:
        """Names with the same label share a series: a page must not repeat a series."""
        provider, model, operation, error = map(as_label, key)
        labels = (provider, model, operation, error)
        if labels not in self._series and len(self._series) >= MAX_GEN_AI_SERIES:
            labels = (OTHER, OTHER, operation, error and OTHER_ERROR)
        series = self._series.setdefault(labels, GenAiSeries())
        if len(self._known) < MAX_GEN_AI_SERIES:
            self._known[key] = series
        return series


def _observe_stream(series: GenAiSeries, record: CallEnd, first_ns: int) -> None:
    series.first_token.observe((first_ns - record.begin.start_ns) / 1e9)
    further = record.usage.output_tokens - 1
    if further > 0 and not record.error_type:
        series.per_token.observe((record.end_ns - first_ns) / 1e9 / further)


def _observe_tokens(series: GenAiSeries, usage: Usage) -> None:
    if usage.source in _COUNTED:
        if usage.input_tokens:
            series.input_tokens.observe(usage.input_tokens)
        if usage.output_tokens:
            series.output_tokens.observe(usage.output_tokens)


def _labels(key: Key) -> Labels:
    provider, model, operation, error = key
    labels: Labels = (
        ("gen_ai_operation_name", operation),
        ("gen_ai_provider_name", provider),
        ("gen_ai_request_model", model),
    )
    return (*labels, ("error_type", error)) if error else labels


def _samples(histogram: Histogram, labels: Labels) -> Iterator[MetricSample]:
    return histogram_samples(histogram, labels) if any(histogram.counts) else iter(())


def _family(name: str, text: str, samples: list[MetricSample]) -> Family:
    return Family(f"gen_ai_{name}", "histogram", text, tuple(samples))
