"""Histograms, their samples, and labels from names."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from penstock.gateway.metrics.page import Labels, MetricSample

MAX_LABEL_CHARS: Final = 128  # of a provider's or model's name; longer ones are cut
OTHER: Final = "other"


class Histogram:
    """Counts per bucket; the last one is `+Inf`."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


def histogram_samples(histogram: Histogram, labels: Labels) -> Iterator[MetricSample]:
    """Yields cumulative buckets, sum and count."""
    below = 0
    for bound, count in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
        below += count
        yield MetricSample("_bucket", (*labels, ("le", str(bound))), below)
    yield MetricSample("_sum", labels, histogram.total)
    yield MetricSample("_count", labels, below)


def as_label(text: str) -> str:
    """`text` as a label's value: at most `MAX_LABEL_CHARS`, only characters that print.

    Others (line ends of all kinds, control characters, lone surrogates) become U+FFFD.
    """
    text = text[:MAX_LABEL_CHARS]
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
