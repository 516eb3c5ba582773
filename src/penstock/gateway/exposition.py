"""Metrics in Prometheus' text format, and one page for all workers of a home.

Workers share a port, so a scrape meets any of them: each leaves its page in a file every second,
and whoever is asked joins the pages of all that live.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from penstock.gateway.metrics import Histogram, Metrics

Labels = tuple[tuple[str, str | int], ...]


class Family(NamedTuple):
    """One metric: its name, type, help and samples (suffix, labels, value)."""

    name: str
    kind: str
    help: str
    samples: list[tuple[str, Labels, float]]


def render(metrics: Metrics, gauges: Mapping[str, tuple[str, float]], worker: str) -> str:
    """The page of one worker. `gauges`: name → (help, value)."""
    families = [*_call_families(metrics), _overhead(metrics)]
    families += [
        Family(f"penstock_{name}", "gauge", text, [("", (), value)])
        for name, (text, value) in gauges.items()
    ]
    own: Labels = (("worker", worker),)
    return "".join(line for family in families for line in _lines(family, own))


def merge(pages: Iterable[str]) -> str:
    """One page of several: each family's header once, then everybody's samples."""
    headers: dict[str, str] = {}
    samples: dict[str, list[str]] = {}
    for page in pages:
        known = set(headers)
        family = ""
        for line in page.splitlines(keepends=True):
            if not line.startswith("# "):
                samples[family].append(line)
                continue
            family = line.split(" ", 3)[2]
            samples.setdefault(family, [])
            if family not in known:
                headers[family] = headers.get(family, "") + line
    return "".join(headers[family] + "".join(samples[family]) for family in headers)


class Pages:
    """The files of the workers in `directory`; a page is its worker's as long as that lives."""

    def __init__(self, directory: Path, worker: str) -> None:
        self._directory = directory
        self._own = directory / f"metrics-{worker}-{os.getpid()}.prom"

    def leave(self, page: str) -> None:
        """Replace this worker's page; readers see the old one or the new one."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._own.with_suffix(".tmp")
        draft.write_text(page)
        draft.replace(self._own)

    def others(self) -> Iterator[str]:
        """The pages of the other living workers; those of the dead are removed."""
        for path in sorted(self._directory.glob("metrics-*.prom")):
            if path == self._own:
                continue
            if _alive(int(path.stem.rpartition("-")[2])):
                yield path.read_text()
            else:
                path.unlink(missing_ok=True)

    def remove(self) -> None:
        self._own.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _call_families(metrics: Metrics) -> list[Family]:
    requests = Family("penstock_requests_total", "counter", "Calls by how they ended.", [])
    tokens = Family("penstock_tokens_total", "counter", "Tokens by kind.", [])
    cost = Family("penstock_cost_usd_total", "counter", "Cost of priced calls in USD.", [])
    unpriced = Family("penstock_unpriced_total", "counter", "Good calls without a price.", [])
    duration = Family("penstock_request_seconds", "histogram", "From request to last byte.", [])
    first = Family("penstock_first_token_seconds", "histogram", "From request to first token.", [])
    for (provider, model), series in metrics.series.items():
        labels: Labels = (("provider", provider), ("model", model))
        for (operation, code, error), count in series.requests.items():
            how: Labels = (("operation", operation), ("status", code), ("error", error))
            requests.samples.append(("", labels + how, count))
        counts = (
            ("input", series.input_tokens),
            ("cache_read", series.cache_read_tokens),
            ("output", series.output_tokens),
        )
        tokens.samples.extend(("", (*labels, ("kind", kind)), count) for kind, count in counts)
        cost.samples.append(("", labels, series.cost_usd))
        unpriced.samples.append(("", labels, series.unpriced))
        duration.samples.extend(_histogram(series.duration, labels))
        first.samples.extend(_histogram(series.first_token, labels))
    return [requests, tokens, cost, unpriced, duration, first]


def _overhead(metrics: Metrics) -> Family:
    text = "What the gateway itself took of a call."
    samples = list(_histogram(metrics.overhead, ()))
    return Family("penstock_overhead_seconds", "histogram", text, samples)


def _histogram(histogram: Histogram, labels: Labels) -> Iterator[tuple[str, Labels, float]]:
    below = 0
    for bound, count in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
        below += count
        yield "_bucket", (*labels, ("le", str(bound))), below
    yield "_sum", labels, histogram.total
    yield "_count", labels, below


def _lines(family: Family, own: Labels) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}\n"
    yield f"# TYPE {family.name} {family.kind}\n"
    for suffix, labels, value in family.samples:
        told = ",".join(f'{name}="{_escaped(str(text))}"' for name, text in labels + own)
        yield f"{family.name}{suffix}{{{told}}} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
