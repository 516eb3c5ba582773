"""What `penstock gate --require` says: a demand on a metric, as a short text."""

import re
from typing import Any, Final

import typer

_NUMBER: Final = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_REQUIREMENT: Final = re.compile(
    r"(?P<metric>[a-z][a-z0-9_.\-]*?)(?:@p(?P<percent>[0-9]{1,2}(?:\.[0-9]+)?))?"
    rf"(?:(?P<sign>>=|<=|~x|~)(?P<value>{_NUMBER}))?"
)
HELP: Final = (
    "METRIC: not worse than the baseline. METRIC~0.02: worse by less than 0.02. METRIC~x1.1: less "
    "than 1.1 times the baseline. METRIC>=0.9, METRIC<=0.1, latency_ms@p95<=3000 (repeatable)."
)


def requirement(text: str) -> dict[str, Any]:
    """Returns a threshold as the REST API takes it. Raises `typer.BadParameter`."""
    found = _REQUIREMENT.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is not valid. {HELP}", param_hint="--require")
    threshold: dict[str, Any] = {"metric": found["metric"]}
    sign, percent = found["sign"], found["percent"]
    if percent and sign not in (">=", "<="):
        raise typer.BadParameter(
            f"{text!r} has a percentile without a bound: METRIC@p95<=3000", param_hint="--require"
        )
    if not sign:
        return threshold
    value = float(found["value"])
    match sign:
        case ">=":
            threshold |= {"kind": "absolute", "at_least": value}
        case "<=":
            threshold |= {"kind": "absolute", "at_most": value}
        case "~x":
            threshold |= {"kind": "non_inferior", "ratio": value}
        case _:
            threshold |= {"kind": "non_inferior", "margin": value}
    return threshold | ({"quantile": float(percent) / 100} if percent else {})
