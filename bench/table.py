"""Turns rounds into figures: medians, ratios to nginx, targets, the printed table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.figures import medians, ratio
from bench.session import Round

Figures = Mapping[str, float]
_QUIET: Final = 0.9
_BASELINES: Final = ("nginx", "nginx-plain")  # the floor first: kept-alive connections
_FACTORS: Final[Mapping[str, Mapping[str, float]]] = {
    "small": {"litellm": 100.0, "tensorzero": 1.4},
    "large": {"tensorzero": 1.3},
}

# heading, key, decimals, unit factor
Column = tuple[str, str, int, float]


def _throughput(workload: str) -> tuple[Column, ...]:
    return (
        ("calls/s\n", f"{workload}.rate", 0, 1.0),
        ("% of\nnginx", f"{workload}.of_nginx", 1, 100.0),
        ("% of\nplain", f"{workload}.of_nginx-plain", 1, 100.0),
        ("CPU µs a call\ngateway", f"{workload}.cpu_us", 0, 1.0),
        ("\nserver", f"{workload}.server_cpu_us", 0, 1.0),
        ("\nproduct", f"{workload}.product_cpu_us", 0, 1.0),
        ("p50 ms\n", f"{workload}.p50_us", 2, 0.001),
        ("p99 ms\n", f"{workload}.p99_us", 2, 0.001),
    )


TABLES: Final[Mapping[str, tuple[Column, ...]]] = {
    "Small calls, 64 connections": _throughput("small@64"),
    "Large calls, 64 connections": _throughput("large@64"),
    "One connection, streams, memory": (
        ("added ms\np50 @1", "small@1.added_p50_us", 2, 0.001),
        ("added ms\np99 @1", "small@1.added_p99_us", 2, 0.001),
        ("streams\nclean %", "paced.clean_share", 1, 100.0),
        ("delta ms\np50", "paced.way_p50_us", 2, 0.001),
        ("delta ms\np99", "paced.way_p99_us", 2, 0.001),
        ("first ms\np99", "paced.first_p99_us", 1, 0.001),
        ("CPU µs\na delta", "paced.cpu_us_per_delta", 0, 1.0),
        ("PSS\nMB", "memory_mb", 0, 1.0),
    ),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A target figure, and whether it was reached."""

    sentence: str
    value: float
    reached: bool

    @classmethod
    def at_least(cls, sentence: str, value: float, bound: float) -> "Target":
        """A lower bound."""
        return cls(sentence, value, value >= bound)

    @classmethod
    def at_most(cls, sentence: str, value: float, bound: float) -> "Target":
        """An upper bound."""
        return cls(sentence, value, value <= bound)


def figures_of(each: Round) -> dict[str, float]:
    """One round's figures by dotted name; times in µs."""
    found: dict[str, float] = {"memory_mb": each.memory_mb}
    for name, unary in each.unary.items():
        found[f"{name}.rate"] = unary.rate
        found[f"{name}.p50_us"] = unary.p50_us
        found[f"{name}.p99_us"] = unary.p99_us
        found[f"{name}.failed"] = unary.failed
        found[f"{name}.cpu_us"] = unary.cpu_us_per_call
        found[f"{name}.cpu_share"] = unary.cpu_share
        server_cpu_us = unary.server_cpu_us_per_call
        found[f"{name}.product_cpu_us"] = unary.cpu_us_per_call + (server_cpu_us or 0.0)
        if server_cpu_us is not None:
            found[f"{name}.server_cpu_us"] = server_cpu_us
            found[f"{name}.server_idle_share"] = unary.server_idle_share
    if each.paced and each.paced.waves:
        waves = each.paced.waves
        started = sum(wave.started for wave in waves)
        found["paced.clean_share"] = sum(wave.clean for wave in waves) / started
        found["paced.cpu_us_per_delta"] = each.paced.cpu_us_per_delta
        found |= medians(
            {
                "paced.way_p50_us": wave.way_p50_us,
                "paced.way_p99_us": wave.way_p99_us,
                "paced.first_p50_us": wave.first_delta_p50_us,
                "paced.first_p99_us": wave.first_delta_p99_us,
                "paced.jitter_p99_us": wave.jitter_p99_us,
            }
            for wave in waves
        )
    return found


def summarise(rounds: Iterable[Sequence[Round]]) -> dict[str, dict[str, float]]:
    """Returns gateway → figure → median over the rounds. Ratios and added times are computed within
    a round, where both sides had the same machine load, before their median."""
    collected: dict[str, list[dict[str, float]]] = {}
    for one in rounds:
        figures = {each.contender: figures_of(each) for each in one}
        for name, own in figures.items():
            baselines = {
                baseline: figures[baseline] for baseline in _BASELINES if baseline in figures
            }
            related = _related(own, baselines, figures.get("direct", {}))
            collected.setdefault(name, []).append(own | related)
    return {name: medians(each) for name, each in collected.items()}


def _related(own: Figures, baselines: Mapping[str, Figures], direct: Figures) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in own.items():
        workload, _, kind = name.partition(".")
        if kind == "rate":
            for baseline, figures in baselines.items():
                found[f"{workload}.of_{baseline}"] = ratio(value, figures.get(name, 0.0))
        if kind in {"p50_us", "p99_us"} and name in direct:
            found[f"{workload}.added_{kind}"] = value - direct[name]
    return found


def disturbed(summary: Mapping[str, Figures]) -> list[str]:
    """Returns a warning for each gateway that did not have its core: other processes were running,
    and throughput and latency are unreliable. Ignores nginx, which may be faster than the load
    generator."""
    shares = {name: figures.get("small@64.cpu_share", 1.0) for name, figures in summary.items()}
    return [
        f"{name} had its core for {share:.0%} of the time: measure again on a quiet machine."
        for name, share in shares.items()
        if name not in {"direct", *_BASELINES} and share < _QUIET
    ]


def render(summary: Mapping[str, Figures]) -> str:
    """Returns the tables, right-aligned, one gateway per line."""
    return "\n\n".join(_table(title, columns, summary) for title, columns in TABLES.items())


def _table(title: str, columns: Sequence[Column], summary: Mapping[str, Figures]) -> str:
    heads = [["", *(head.split("\n")[row] for head, *_ in columns)] for row in (0, 1)]
    lines = heads + [[name, *_cells(columns, figures)] for name, figures in summary.items()]
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    rows = (
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in lines
    )
    return "\n".join([title, *rows])


def _cells(columns: Sequence[Column], figures: Figures) -> list[str]:
    return [
        f"{figures[key] * factor:,.{decimals}f}" if key in figures else "–"
        for _, key, decimals, factor in columns
    ]


def targets(summary: Mapping[str, Figures]) -> list[Target]:
    """Returns Penstock's targets that this run measured."""
    own = summary.get("penstock", {})
    found: list[Target] = []
    for size in ("small", "large"):
        for baseline in _BASELINES:
            if share := own.get(f"{size}@64.of_{baseline}"):
                sentence = f"{size}: at least 25 % of {baseline} at 64 connections"
                found.append(Target.at_least(sentence, share * 100, 25.0))
        for peer, factor in _FACTORS[size].items():
            theirs = summary.get(peer, {}).get(f"{size}@64.rate", 0.0)
            if theirs and f"{size}@64.rate" in own:
                sentence = f"{size}: at least {factor:g} times {peer} at 64 connections"
                found.append(Target.at_least(sentence, own[f"{size}@64.rate"] / theirs, factor))
    for name in ("gateway", "penstock"):
        for share, bound in (("p50", 0.5), ("p99", 1.5)):
            added = summary.get(name, {}).get(f"small@1.added_{share}_us")
            if added is not None:
                sentence = f"{name}: at most {bound} ms added at one connection, {share}"
                found.append(Target.at_most(sentence, added / 1000, bound))
    if (clean := own.get("paced.clean_share")) is not None:
        found.append(Target.at_least("100 % of the paced streams clean", clean * 100, 100.0))
    return found
