"""Formats the result of a soak as Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any


def table(result: Mapping[str, Any]) -> str:
    """Returns tables of honest calls, attacks and memory."""
    return "\n".join([*_honest(result), "", *_hostile(result), "", *_memory(result), ""])


def _honest(result: Mapping[str, Any]) -> Iterator[str]:
    yield "| honest calls | sent | answered | p50 ms | p99 ms |"
    yield "|---|---|---|---|---|"
    for phase in result["phases"]:
        shown = [phase[name] for name in ("name", "sent", "answered", "p50_ms", "p99_ms")]
        yield f"| {' | '.join(map(str, shown))} |"
    summary = f"answered {result['answered']}, lost {result['lost']}, doubled {result['doubled']}"
    yield f"\n{summary}; p99 among the hostile {ratio(result):.2f} × that before"


def ratio(result: Mapping[str, Any]) -> float:
    """The p99 latency of honest calls during the attack relative to before."""
    before, among = (phase["p99_ms"] for phase in result["phases"][:2])
    return among / before if before else 0.0


def _hostile(result: Mapping[str, Any]) -> Iterator[str]:
    yield "| hostile | what they got |"
    yield "|---|---|"
    for kind, got in result["hostile"].items():
        yield f"| {kind} | {', '.join(f'{count} × {what}' for what, count in got.items())} |"


def _memory(result: Mapping[str, Any]) -> Iterator[str]:
    names = [name for name in result["memory_mib"][0] if name != "minute"]
    yield f"| minute | {' | '.join(f'{name}, MiB' for name in names)} |"
    yield "|---" * (len(names) + 1) + "|"
    for sample in result["memory_mib"]:
        yield f"| {' | '.join(str(sample.get(name, '')) for name in ('minute', *names))} |"
