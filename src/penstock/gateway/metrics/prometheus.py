"""Metrics in Prometheus' text format 0.0.4, and one page for all workers of a home.

Workers share a port, so a scrape reaches any of them: each writes its page to a file every second
(`page.py`), and the scraped worker renders the pages of all running ones.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from penstock.gateway.metrics.counts import Metrics
from penstock.gateway.metrics.histogram import histogram_samples
from penstock.gateway.metrics.page import Family, Labels, MetricSample, MetricsPage
from penstock.gateway.metrics.stages import STAGES, StageTimes

Gauges = Mapping[str, tuple[str, float | Mapping[Labels, float]]]
"""Name → (help, value or values by labels)."""

_PUBLIC: Final = frozenset(  # labels that name nothing of the configuration
    (
        *("operation", "status", "error", "le", "stage", "outcome"),
        *("gen_ai_operation_name", "error_type"),
    )
)
_ONLY_WITH_TOKEN: Final = frozenset(
    (
        "penstock_tokens_total",
        "penstock_cost_usd_total",
        "penstock_unpriced_total",
        "gen_ai_client_token_usage",
    )
)
_WHOLE: Final = 2.0**53  # up to here a float is an exact count


def page_of(metrics: Metrics, gauges: Gauges, worker: str) -> MetricsPage:
    """Builds the page of one worker."""
    families = [*_call_families(metrics), _overhead(metrics), _stages(metrics.stages)]
    families += metrics.gen_ai.families()
    families += [
        Family(f"penstock_{name}", "gauge", text, tuple(_gauge(value)))
        for name, (text, value) in gauges.items()
    ]
    return MetricsPage(worker, tuple(families))


def without_names(page: MetricsPage) -> MetricsPage:
    """The public part of a page: sums over all providers and models, without tokens and costs."""
    shown = (_summed(family) for family in page.families if family.name not in _ONLY_WITH_TOKEN)
    return MetricsPage(page.worker, tuple(shown))


def _summed(family: Family) -> Family:
    totals: dict[tuple[str, Labels], float] = {}
    for sample in family.samples:
        kept = tuple(label for label in sample.labels if label[0] in _PUBLIC)
        key = (sample.suffix, kept)
        totals[key] = totals.get(key, 0.0) + sample.value
    samples = tuple(MetricSample(suffix, labels, v) for (suffix, labels), v in totals.items())  # pyright: ignore[reportArgumentType] - the suffixes of samples
    return Family(family.name, family.kind, family.help, samples)


def render(pages: Iterable[MetricsPage]) -> str:
    """Renders all pages as one text: each family's header once, then the samples of all workers.

    Leaves out a family that another page describes as another kind: Prometheus rejects a whole
    scrape that has two kinds of one name.
    """
    kinds: dict[str, str] = {}
    texts: dict[str, list[str]] = {}
    for page in pages:
        own = (("worker", page.worker),)
        for family in page.families:
            if kinds.setdefault(family.name, family.kind) != family.kind:
                continue
            text = texts.setdefault(family.name, [_header(family)])
            text += (_line(family.name, sample, own) for sample in family.samples)
    return "".join(line for text in texts.values() for line in text)


def _call_families(metrics: Metrics) -> list[Family]:
    requests: list[MetricSample] = []
    tokens: list[MetricSample] = []
    cost: list[MetricSample] = []
    unpriced: list[MetricSample] = []
    duration: list[MetricSample] = []
    first: list[MetricSample] = []
    for (provider, model), series in metrics.series.items():
        labels: Labels = (("provider", provider), ("model", model))
        for (operation, code, error), count in series.requests.items():
            how: Labels = (("operation", operation), ("status", str(code)), ("error", error))
            requests.append(MetricSample("", labels + how, float(count)))
        counts = (
            ("input", series.input_tokens),
            ("cache_read", series.cache_read_tokens),
            ("output", series.output_tokens),
        )
        tokens += (
            MetricSample("", (*labels, ("kind", kind)), float(count)) for kind, count in counts
        )
        cost.append(MetricSample("", labels, series.cost_usd))
        unpriced.append(MetricSample("", labels, series.unpriced))
        duration += histogram_samples(series.duration, labels)
        first += histogram_samples(series.first_token, labels)
    seconds = "histogram"
    return [
        Family("penstock_requests_total", "counter", "Finished calls.", tuple(requests)),
        Family("penstock_tokens_total", "counter", "Tokens by kind.", tuple(tokens)),
        Family("penstock_cost_usd_total", "counter", "Cost of priced calls in USD.", tuple(cost)),
        Family(
            "penstock_unpriced_total",
            "counter",
            "Successful calls without price.",
            tuple(unpriced),
        ),
        Family("penstock_request_seconds", seconds, "From request to last byte.", tuple(duration)),
        Family(
            "penstock_first_token_seconds", seconds, "From request to first token.", tuple(first)
        ),
    ]


def _gauge(value: float | Mapping[Labels, float]) -> Iterator[MetricSample]:
    if isinstance(value, Mapping):
        yield from (MetricSample("", labels, one) for labels, one in value.items())
    else:
        yield MetricSample("", (), value)


def _overhead(metrics: Metrics) -> Family:
    text = "Time that the gateway itself added to a call."
    samples = tuple(histogram_samples(metrics.overhead, ()))
    return Family("penstock_overhead_seconds", "histogram", text, samples)


def _stages(times: StageTimes) -> Family:
    text = "Time that the gateway itself added to calls, by stage."
    samples = [
        MetricSample("", (("stage", stage),), getattr(times, stage) / 1e9) for stage in STAGES
    ]
    return Family("penstock_stage_seconds_total", "counter", text, tuple(samples))


def _header(family: Family) -> str:
    text = family.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family.name} {text}\n# TYPE {family.name} {family.kind}\n"


def _line(name: str, sample: MetricSample, own: Labels) -> str:
    text = ",".join(f'{label}="{_escaped(value)}"' for label, value in sample.labels + own)
    return f"{name}{sample.suffix}{{{text}}} {_number(sample.value)}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    return str(int(value)) if value == int(value) and abs(value) < _WHOLE else repr(value)
